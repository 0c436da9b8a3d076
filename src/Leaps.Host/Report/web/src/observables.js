// Observables of the weighted population against the truth: the histogram of the magnetisation (or order
// parameter) and the two-point correlation along an axis.

import { figure, line, rangeOf } from './chart.js';
import { combine, differencePanel, subtract } from './difference.js';
import { fixed, isNumber, withError } from './numbers.js';
import { errorBars, histogramSteps } from './marks.js';
import { variable } from './theme.js';

const X = 'distance r (lattice spacings)';

export function histogram({ magnetisationHistogram: data }) {
  if (!data?.density?.length) return null;
  const { edges, density, stdErr, exact, exactStdErr, exactSource, axisLabel } = data;
  const centres = density.map((_, bin) => (edges[bin] + edges[bin + 1]) / 2);
  const top = rangeOf([...ends(density, stdErr), ...(exact ?? [])], { zero: true });
  const agreed = agreement(density, stdErr, exact, exactStdErr);
  const peak = centres[density.indexOf(Math.max(...density))];
  return figure({
    title: `Distribution of the ${axisLabel.replace(/\s+\S$/u, '')}`,
    key: [
      ['filled', 'weighted walkers'],
      ['bar', '± one standard error'],
      exact && ['exact', `reference: ${exactSource ?? 'exact'}`],
    ].filter(Boolean),
    summary: `Probability density in ${density.length} bins, highest near ${fixed(peak, 2)}. ${agreed}`,
    panels: [
      {
        height: exact ? 220 : 340,
        x: exact ? undefined : axisLabel,
        y: 'density',
        data: exact ? [centres, density, exact] : [centres, density],
        xScale: { range: () => [edges[0], edges.at(-1)] },
        yScale: { range: () => top },
        series: () => {
          const paths = histogramSteps(edges);
          const steps = line(variable('estimate-edge'), { width: 1, fill: variable('estimate-fill'), paths });
          return exact ? [steps, line(variable('exact'), { width: 1.8, paths })] : [steps];
        },
        hooks: () => ({ draw: [errorBars(1, stdErr, variable('estimate'), variable('estimate-band'))] }),
        readout: (bin) =>
          `${fixed(edges[bin], 3)} … ${fixed(edges[bin + 1], 3)}` +
          ` · density ${withError(density[bin], stdErr[bin]).short}` +
          (exact ? ` · reference ${withError(exact[bin], exactStdErr?.[bin] ?? null).short}` : ''),
      },
      ...remainder(centres, data, { x: axisLabel, xScale: { range: () => [edges[0], edges.at(-1)] } }),
    ],
    table: {
      columns: ['from', 'to', 'density', 'standard error', ...(exact ? ['reference', 'its error'] : [])],
      rows: density.map((value, bin) => [
        edges[bin],
        edges[bin + 1],
        value,
        stdErr[bin],
        ...(exact ? [exact[bin], exactStdErr?.[bin] ?? null] : []),
      ]),
    },
    note: agreed,
  });
}

export function correlation({ correlation: data }) {
  if (!data?.distance?.length) return null;
  const { distance, value, stdErr, exact, exactStdErr, exactSource } = data;
  const agreed = agreement(value, stdErr, exact, exactStdErr);
  const xScale = { range: () => [distance[0] - 0.4, distance.at(-1) + 0.4] };
  const values = [...ends(value, stdErr), ...ends(exact ?? [], exactStdErr ?? [])];
  return figure({
    title: 'Two-point correlation',
    key: [
      ['estimate dot', 'weighted walkers'],
      ['bar', '± one standard error'],
      exact && ['exact', `reference: ${exactSource ?? 'exact'}`],
    ].filter(Boolean),
    summary:
      `Correlation along an axis, from ${fixed(value[0], 3)} at distance ${distance[0]} to ` +
      `${fixed(value.at(-1), 3)} at distance ${distance.at(-1)}. ${agreed}`,
    panels: [
      {
        height: exact ? 220 : 340,
        x: exact ? undefined : X,
        y: 'G(r)',
        integers: true,
        data: exact ? [distance, exact, value] : [distance, value],
        xScale,
        yScale: {
          range: () => rangeOf(values, { zero: Math.min(...values) > 0 && Math.min(...values) < 0.4 }),
        },
        series: () => [
          ...(exact ? [line(variable('exact'), { width: 1.6 })] : []),
          line(variable('estimate'), { width: 0, points: true, size: 7 }),
        ],
        hooks: () => ({
          drawAxes: [errorBars(exact ? 2 : 1, stdErr, variable('estimate'), variable('estimate-band'))],
        }),
        readout: (i) =>
          `r = ${distance[i]} · G = ${withError(value[i], stdErr[i]).short}` +
          (exact ? ` · reference ${withError(exact[i], exactStdErr?.[i] ?? null).short}` : ''),
      },
      ...remainder(distance, { density: value, ...data }, { x: X, xScale, integers: true }),
    ],
    table: {
      columns: ['r', 'G(r)', 'standard error', ...(exact ? ['reference', 'its error'] : [])],
      rows: distance.map((r, i) => [
        r,
        value[i],
        stdErr[i],
        ...(exact ? [exact[i], exactStdErr?.[i] ?? null] : []),
      ]),
    },
    note: agreed,
  });
}

/** The panel of differences, where there is something to subtract. */
function remainder(x, { density, stdErr, exact, exactStdErr }, rest) {
  if (!exact) return [];
  const errors = combine(stdErr, exactStdErr);
  return [differencePanel({ x, difference: subtract(density, exact), errors }, rest)];
}

const ends = (values, errors) =>
  values.flatMap((value, i) => (isNumber(value) ? [value - (errors[i] ?? 0), value + (errors[i] ?? 0)] : []));

/** How many of the points agree with the truth, in words. */
function agreement(values, errors, exact, exactErrors) {
  if (!exact) return '';
  const z = values
    .map((value, i) => (value - exact[i]) / Math.hypot(errors[i] ?? NaN, exactErrors?.[i] ?? 0))
    .filter(isNumber)
    .map(Math.abs);
  if (z.length === 0) return '';
  const within = z.filter((size) => size < 2).length;
  const farthest = Math.max(...z).toFixed(1);
  const points = `${within} of ${z.length} points within 2\u00a0σ of the reference`;
  return `${points}; the farthest is ${farthest}\u00a0σ away.`;
}
