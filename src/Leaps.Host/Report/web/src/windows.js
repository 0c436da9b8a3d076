// The path from t = 0 to t = 1: effective sample size with its resamplings, and log Z with what is left of it
// after subtracting the exact curve.

import { figure, line, rangeOf } from './chart.js';
import { differencePanel, subtract } from './difference.js';
import { fixed, isNumber, withError } from './numbers.js';
import { horizontalLine, verticalMarks } from './marks.js';
import { variable } from './theme.js';

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
  const path = sawtooth(t, relativeEss, resampled);
  const lowest = values.indexOf(Math.min(...values));
  const last = relativeEss.at(-1);
  const times = marks.length === 1 ? '1 resampling' : `${marks.length} resamplings`;
  return figure({
    title: 'Relative effective sample size',
    key: [
      ['estimate', 'ESS / M (M walkers)'],
      resamples && ['threshold', `threshold ${threshold}`],
      marks.length > 0 && ['resampling', times],
    ].filter(Boolean),
    summary:
      `Relative ESS against annealing time: ${isNumber(last) ? fixed(last, 3) : 'unknown'} at the end, ` +
      `lowest ${fixed(values[lowest] ?? 0, 3)} at t = ${fixed(t[lowest] ?? 0, 3)}; ${times}.`,
    panels: [
      {
        height: 340,
        x: X,
        y: 'relative ESS',
        zoom: true,
        data: [path.t, path.ess],
        yScale: { range: () => [0, 1.03] },
        series: () => [line(variable('estimate'), { points: t.length <= FEW })],
        hooks: () => ({
          drawAxes: [
            verticalMarks(marks, variable('resampling')),
            ...(resamples ? [horizontalLine(threshold, variable('threshold'))] : []),
          ],
        }),
        readout: (i) => {
          const n = path.window[i];
          return (
            `t = ${fixed(t[n], 4)} · ESS / M = ${isNumber(relativeEss[n]) ? fixed(relativeEss[n], 4) : '—'}` +
            (resampled?.[n] ? ' · resampled' : '')
          );
        },
      },
    ],
    table: {
      columns: ['t', 'ESS / M', 'resampled'],
      rows: t.map((time, n) => [time, relativeEss[n], resampled?.[n] ? 'yes' : '']),
    },
  });
}

/** A resampling makes all weights equal: the ESS goes up to one at the same time. */
function sawtooth(t, relativeEss, resampled) {
  const path = { t: [], ess: [], window: [] };
  const add = (n, ess) => {
    path.t.push(t[n]);
    path.ess.push(ess);
    path.window.push(n);
  };
  t.forEach((_, n) => {
    add(n, relativeEss[n]);
    if (resampled?.[n]) add(n, 1);
  });
  return path;
}

function logNormalizer({ t, logZ, logZStdErr, logZExact }) {
  const known = logZExact?.some(isNumber) ?? false;
  const difference = known ? subtract(logZ, logZExact) : [];
  const panels = [valuePanel({ t, logZ, logZStdErr, logZExact, known })];
  if (known) {
    const data = { x: t, difference, errors: logZStdErr, points: t.length <= FEW };
    panels.push(differencePanel(data, { x: X, y: 'est. − exact', zoom: true }));
  } else if (logZStdErr) {
    panels.push(errorPanel({ t, logZStdErr }));
  }
  const end = withError(logZ.at(-1), logZStdErr?.at(-1) ?? null);
  return figure({
    title: 'log Z along the path',
    key: [
      [t.length <= FEW ? 'estimate dot' : 'estimate', 'estimate'],
      known && ['exact', 'exact'],
      known && logZStdErr && [t.length <= FEW ? 'bar' : 'band', '± one standard error'],
    ].filter(Boolean),
    summary:
      `log Z against annealing time, from ${withError(logZ[0], null).short} to ${end.short}` +
      (known
        ? `; the difference from the exact curve ends at ${withError(difference.at(-1), null).short}.`
        : '.'),
    panels,
    table: {
      columns: ['t', 'log Z', 'standard error', ...(known ? ['exact', 'difference'] : [])],
      rows: t.map((time, n) => [
        time,
        logZ[n],
        logZStdErr?.[n] ?? null,
        ...(known ? [logZExact[n], difference[n]] : []),
      ]),
    },
  });
}

function valuePanel({ t, logZ, logZStdErr, logZExact, known }) {
  const few = t.length <= FEW;
  const alone = !known && !logZStdErr;
  return {
    height: alone ? 340 : 190,
    x: alone ? X : undefined,
    y: 'log Z',
    zoom: true,
    data: known ? [t, logZExact, logZ] : [t, logZ],
    series: () => [
      ...(known ? [line(variable('exact'), { width: 1.6 })] : []),
      line(variable('estimate'), {
        width: known && few ? 0 : 2,
        points: few,
        dash: known && !few ? [6, 5] : undefined,
      }),
    ],
    readout: (n) => `t = ${fixed(t[n], 4)} · log Z = ${withError(logZ[n], logZStdErr?.[n] ?? null).short}`,
  };
}

/** Without an exact curve: the standard error alone, which beside log Z would not be seen. */
function errorPanel({ t, logZStdErr }) {
  return {
    height: 150,
    x: X,
    y: 'std. error',
    zoom: true,
    data: [t, logZStdErr],
    yScale: { range: () => rangeOf(logZStdErr, { zero: true }) },
    series: () => [line(variable('estimate'), { width: 1.6, points: t.length <= FEW, size: 5.5 })],
  };
}
