// Final states of some walkers, one small picture each, with the weight relative to the average walker.

import { element } from './dom.js';
import { count, fixed, isNumber } from './numbers.js';
import { onThemeChange, variable } from './theme.js';

const TARGET_SIZE = 112; // CSS pixels, about; a site is a whole number of them, so its edges stay sharp
const KEYS = 16; // states named in the key

export function lattices({ lattices: data, population }) {
  if (!data?.samples?.length) return null;
  const { rows, columns, states: q, samples, weights, stateLabels } = data;
  const scale = Math.max(1, Math.floor(TARGET_SIZE / Math.max(rows, columns)));
  const pictures = samples.map((encoded, index) => {
    const weight = weights ? weights[index] * population.walkers : null;
    return picture({ cells: decode(encoded), rows, columns, q, scale, weight, index });
  });
  const keys = Array.from({ length: Math.min(q, KEYS) }, (_, state) =>
    stateKey(stateLabels?.[state] ?? String(state)),
  );
  const repaint = () => {
    const colours = stateColours(q);
    keys.forEach((key, state) => key.paint(colours[state]));
    const bytes = colours.map(rgba);
    pictures.forEach((picture) => picture.paint(bytes));
  };
  repaint();
  onThemeChange(repaint);
  return element(
    'div',
    { class: 'card' },
    element(
      'div',
      { class: 'lattice-key' },
      element(
        'p',
        {},
        `${count(pictures.length)} of ${count(population.walkers)} walkers, ${rows} × ${columns} sites`,
        weights ? '; × 1 is the average weight' : '',
      ),
      element(
        'ul',
        { class: 'key' },
        keys.map((key) => key.node),
      ),
    ),
    element(
      'ul',
      { class: 'lattices', style: `--size:${Math.max(columns * scale, 72)}px` },
      pictures.map((p) => p.node),
    ),
  );
}

function stateKey(label) {
  const swatch = element('span', { class: 'swatch' });
  const paint = (colour) => (swatch.style.background = colour);
  return { node: element('li', { class: 'plain-key' }, swatch, label), paint };
}

function decode(encoded) {
  return Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
}

function picture({ cells, rows, columns, q, scale, weight, index }) {
  const text = isNumber(weight) ? `× ${weight < 0.01 ? '< 0.01' : fixed(weight, 2)}` : '';
  const label = `state ${index + 1}: ${shares(cells, q)}${text ? `; weight ${text} the average` : ''}`;
  const canvas = element('canvas', {
    class: 'lattice',
    width: columns,
    height: rows,
    role: 'img',
    'aria-label': label,
  });
  canvas.style.width = `${columns * scale}px`;
  canvas.style.height = `${rows * scale}px`;
  const node = element('li', {}, canvas, text ? element('span', { class: 'weight' }, text) : null);
  const paint = (bytes) => {
    const context = canvas.getContext('2d');
    const image = context.createImageData(columns, rows);
    cells.forEach((state, site) => image.data.set(bytes[state], 4 * site));
    context.putImageData(image, 0, 0);
  };
  return { node, paint };
}

function shares(cells, q) {
  const counts = new Array(q).fill(0);
  cells.forEach((state) => counts[state]++);
  return counts
    .slice(0, KEYS)
    .map((n, state) => `${Math.round((100 * n) / cells.length)}% in state ${state}`)
    .join(', ');
}

/** Two tones for Ising; the colour-blind-safe palette of Okabe and Ito up to eight states; then hues. */
function stateColours(q) {
  return Array.from({ length: q }, (_, state) => {
    if (q === 2) return variable(`spin-${state}`);
    if (q <= 8) return variable(`state-${state}`);
    return `hsl(${Math.round(360 * ((state * 0.381966) % 1))} 55% ${state % 2 ? 40 : 68}%)`;
  });
}

function rgba(css) {
  const context = element('canvas', { width: 1, height: 1 }).getContext('2d');
  context.fillStyle = css;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data;
}
