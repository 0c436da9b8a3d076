// The path from t = 0 to t = 1: effective sample size with its resamplings, and log Z with what is left of it
// after subtracting the exact curve.

import { figure, line, rangeOf } from './chart.js';
import { fixed, isNumber, withError } from './numbers.js';
import { errorBars, horizontalLine, verticalMarks } from './marks.js';
import { colour } from './theme.js';

const X = 'annealing time t';
const FEW = 60; // windows up to which every one of them gets a point

export function windows({ windows: data }) {
  if (!data?.t?.length) return [];
  return [effectiveSampleSize(data), logNormalizer(data)];
}

function effectiveSampleSize({ t, relativeEss, resampled, threshold }) {
  const marks = t.filter((_, n) => resampled?.[n]);
  const resamples = isNumber(threshold) && threshold > 0;
  const values = relativeEss.filter(isNumber);
  const lowest = values.indexOf(Math.min(...values));
  const last = relativeEss.at(-1);
  const times = marks.length === 1 ? '1 resampling' : `${marks.length} resamplings`;
  return figure({
    title: 'Relative effective sample size',
    key: [
      ['estimate', 'ESS / M'],
      resamples && ['threshold', `threshold ${threshold}`],
      marks.length > 0 && ['resampling', times],
    ].filter(Boolean),
    summary:
      `Relative ESS against annealing time: ${isNumber(last) ? fixed(last, 3) : 'unknown'} at the end, lowest ` +
      `${fixed(values[lowest] ?? 0, 3)} at t = ${fixed(t[lowest] ?? 0, 3)}; ${times}.`,
    panels: [
      {
        height: 340,
        x: X,
        y: 'ESS / M',
        zoom: true,
        data: [t, relativeEss],
        yScale: { range: () => [0, 1.03] },
        series: () => [line(colour('estimate'), { points: t.length <= FEW, fill: colour('estimate-faint') })],
        hooks: () => ({
          drawAxes: [
            verticalMarks(marks, colour('resampling')),
            ...(resamples ? [horizontalLine(threshold, colour('threshold'))] : []),
          ],
        }),
        readout: (n) =>
          `t = ${fixed(t[n], 4)} · ESS / M = ${isNumber(relativeEss[n]) ? fixed(relativeEss[n], 4) : '—'}` +
          (resampled?.[n] ? ' · resampled' : ''),
      },
    ],
    table: {
      columns: ['t', 'ESS / M', 'resampled'],
      rows: t.map((time, n) => [time, relativeEss[n], resampled?.[n] ? 'yes' : '']),
    },
  });
}

function logNormalizer({ t, logZ, logZStdErr, logZExact }) {
  const known = logZExact?.some(isNumber) ?? false;
  const difference = known ? logZ.map((v, n) => (isNumber(v) && isNumber(logZExact[n]) ? v - logZExact[n] : null)) : [];
  const panels = [valuePanel({ t, logZ, logZStdErr, logZExact, known })];
  if (known) panels.push(differencePanel({ t, difference, logZStdErr }));
  const end = withError(logZ.at(-1), logZStdErr?.at(-1) ?? null);
  return figure({
    title: 'log Z along the path',
    key: [
      ['estimate dot', 'estimate'],
      known && ['exact', 'exact'],
      logZStdErr && ['bar', '± one standard error'],
    ].filter(Boolean),
    summary:
      `log Z against annealing time, from ${withError(logZ[0], null).short} to ${end.short}` +
      (known ? `; the difference from the exact curve ends at ${withError(difference.at(-1), null).short}.` : '.'),
    panels,
    table: {
      columns: ['t', 'log Z', 'standard error', ...(known ? ['exact', 'difference'] : [])],
      rows: t.map((time, n) => [
        time, logZ[n], logZStdErr?.[n] ?? null, ...(known ? [logZExact[n], difference[n]] : []),
      ]),
    },
  });
}

function valuePanel({ t, logZ, logZStdErr, logZExact, known }) {
  const few = t.length <= FEW;
  return {
    height: known ? 196 : 340,
    x: known ? undefined : X,
    y: 'log Z',
    zoom: true,
    data: known ? [t, logZExact, logZ] : [t, logZ],
    series: () => [
      ...(known ? [line(colour('exact'), { width: 1.6 })] : []),
      line(colour('estimate'), { width: known && few ? 0 : 2, points: few, dash: known && !few ? [6, 5] : undefined }),
    ],
    hooks: () =>
      logZStdErr && !known
        ? { drawAxes: [errorBars(1, logZStdErr, colour('estimate'), colour('estimate-band'))] }
        : {},
    readout: (n) => `t = ${fixed(t[n], 4)} · log Z = ${withError(logZ[n], logZStdErr?.[n] ?? null).short}`,
  };
}

function differencePanel({ t, difference, logZStdErr }) {
  const ends = difference.flatMap((d, n) => (isNumber(d) ? [d - (logZStdErr?.[n] ?? 0), d + (logZStdErr?.[n] ?? 0)] : []));
  const limit = Math.max(...ends.map(Math.abs), 1e-12) * 1.12;
  return {
    height: 156,
    x: X,
    y: 'est. − exact',
    zoom: true,
    data: [t, difference],
    yScale: { range: () => [-limit, limit] },
    series: () => [line(colour('estimate'), { width: t.length <= FEW ? 0 : 1.6, points: t.length <= FEW })],
    hooks: () => ({
      drawAxes: [
        horizontalLine(0, colour('exact'), []),
        ...(logZStdErr ? [errorBars(1, logZStdErr, colour('estimate'), colour('estimate-band'))] : []),
      ],
    }),
    readout: (n) => (isNumber(difference[n]) ? `difference ${withError(difference[n], logZStdErr?.[n] ?? null).short}` : ''),
  };
}
