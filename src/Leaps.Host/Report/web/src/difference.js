// The small panel under a figure that shows what is left after subtracting the truth, with standard errors.

import { line } from './chart.js';
import { isNumber, withError } from './numbers.js';
import { errorBars, horizontalLine } from './marks.js';
import { variable } from './theme.js';

/** Estimate minus truth where both are known, else null. */
export function subtract(values, truth) {
  return values.map((value, i) => (isNumber(value) && isNumber(truth[i]) ? value - truth[i] : null));
}

/** Standard errors of differences from a truth that may have errors of its own. */
export function combine(errors, others) {
  return errors?.map((error, i) => Math.hypot(error ?? NaN, others?.[i] ?? 0)) ?? null;
}

/**
 * @param {object} data
 * @param {number[]} data.x
 * @param {Array<number | null>} data.difference
 * @param {number[] | null} data.errors
 * @param {boolean} [data.points] points without a line between them
 * @param {object} rest further properties of the panel: x label, scales, zoom
 * @returns {import('./chart.js').Panel}
 */
export function differencePanel({ x, difference, errors, points = true }, rest) {
  const ends = difference.flatMap((value, i) =>
    isNumber(value) ? [Math.abs(value) + (errors?.[i] || 0)] : [],
  );
  const limit = Math.max(...ends, 1e-12) * 1.15;
  return {
    height: 150,
    y: 'est. − ref.',
    data: [x, difference],
    yScale: { range: () => [-limit, limit] },
    series: () => [line(variable('estimate'), { width: points ? 0 : 1.6, points, size: 5.5 })],
    hooks: () => ({
      drawAxes: [
        horizontalLine(0, variable('exact'), []),
        ...(errors ? [errorBars(1, errors, variable('estimate'), variable('estimate-band'))] : []),
      ],
    }),
    readout: (i) =>
      isNumber(difference[i]) ? `difference ${withError(difference[i], errors?.[i] ?? null).short}` : '',
    ...rest,
  };
}
