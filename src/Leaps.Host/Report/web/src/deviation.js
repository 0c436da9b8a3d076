// How far an estimate is from the truth, in standard errors, and the small scale that shows it.

import { svg } from './dom.js';
import { isNumber, sigmas } from './numbers.js';

const LIMIT = 5; // the scale shows −5 … +5 σ; what is beyond sits at the end, as an arrow

/**
 * @param {{value: number, stdErr: number | null, exact?: number | null, exactStdErr?: number | null}}
 * estimate
 * @returns {{z: number, grade: 'fine' | 'note' | 'flagged'} | null} null when there is nothing to compare
 * with
 */
export function deviation({ value, stdErr, exact, exactStdErr }) {
  if (![value, stdErr, exact].every(isNumber)) return null;
  const error = Math.hypot(stdErr, isNumber(exactStdErr) ? exactStdErr : 0);
  // What is exact by definition (a correlation at distance 0) has only rounding errors.
  if (error <= 1e-12 * Math.max(1, Math.abs(exact))) return null;
  const z = (value - exact) / error;
  return { z, grade: Math.abs(z) < 2 ? 'fine' : Math.abs(z) < 4 ? 'note' : 'flagged' };
}

/** A line from −5 to +5 σ with bands of 2 σ and 4 σ, and the deviation on it as a mark. */
export function scale({ z, grade }, { width = 120, height = 18, labels = false } = {}) {
  const middle = height / 2;
  const x = (sigma) => width / 2 + (sigma / LIMIT) * (width / 2 - 8);
  const at = x(Math.max(-LIMIT, Math.min(LIMIT, z)));
  const bandHeight = labels ? 16 : 10;
  const band = (sigma, name) =>
    svg('rect', {
      class: `band ${name}`,
      x: x(-sigma),
      width: x(sigma) - x(-sigma),
      y: middle - bandHeight / 2,
      height: bandHeight,
      rx: 2,
    });
  const tick = (sigma) =>
    svg('line', { class: 'tick', x1: x(sigma), x2: x(sigma), y1: middle - 4, y2: middle + 4 });
  return svg(
    'svg',
    {
      class: 'deviation-scale',
      viewBox: `0 0 ${width} ${height + (labels ? 16 : 0)}`,
      width,
      height: height + (labels ? 16 : 0),
      role: 'img',
      'aria-label': `deviation ${sigmas(z)}`,
    },
    band(4, 'wide'),
    band(2, 'narrow'),
    svg('line', { class: 'rule', x1: x(-LIMIT), x2: x(LIMIT), y1: middle, y2: middle }),
    labels ? [-4, -2, 2, 4].map(tick) : null,
    svg('line', {
      class: 'zero',
      x1: x(0),
      x2: x(0),
      y1: middle - bandHeight / 2 - 1,
      y2: middle + bandHeight / 2 + 1,
    }),
    labels
      ? [-4, -2, 0, 2, 4].map((s) =>
          svg(
            'text',
            { x: x(s), y: height + 12, 'text-anchor': 'middle' },
            s === 0 ? 'exact' : sigmas(s).replace('.0', ''),
          ),
        )
      : null,
    marker(at, middle, z, grade, labels ? 1.45 : 1),
  );
}

function marker(x, y, z, grade, size) {
  if (grade === 'fine') return svg('circle', { class: 'marker fine', cx: x, cy: y, r: 4.2 * size });
  const points =
    grade === 'note'
      ? [
          [0, -5.4],
          [5.4, 0],
          [0, 5.4],
          [-5.4, 0],
        ]
      : [
          [6.5, 0],
          [-4.5, -6],
          [-4.5, 6],
        ].map(([dx, dy]) => [z < 0 ? -dx : dx, dy]);
  const path = points.map(([dx, dy]) => `${x + dx * size},${y + dy * size}`).join(' ');
  return svg('polygon', { class: `marker ${grade}`, points: path });
}
