// A figure of the report: title, key, one or more uPlot panels that share their x axis, a line with the
// values under the pointer, and the numbers themselves as a table (which is also the figure's text
// alternative).

import uPlot from 'uplot';
import { element } from './dom.js';
import { isNumber, logTicks, significant, ticks } from './numbers.js';
import { onThemeChange, variable } from './theme.js';

const font = () => `12px ${variable('sans')}`;
const Y_AXIS_SIZE = 54;
const LABEL_SIZE = 22;
const MAXIMUM_ROWS = 1000;

const panels = [];

onThemeChange(() => panels.forEach((panel) => panel.draw()));

/** Every panel drawn so far. */
export const panelCount = () => panels.length;

/**
 * @typedef {object} Panel
 * @property {number} height CSS pixels, axes included
 * @property {Array<Array<number | null>>} data x and the series
 * @property {() => object[]} series uPlot's series after x, with the theme's colours
 * @property {string} y label of the y axis
 * @property {string} [x] label of the x axis; left out in the upper of two stacked panels
 * @property {object} [yScale] uPlot's scale
 * @property {object} [xScale]
 * @property {boolean} [integers] only whole numbers on the x axis
 * @property {boolean} [zoom] drag to zoom along x, double click to go back
 * @property {() => object} [hooks]
 * @property {(index: number) => string} [readout] the values at a point
 */

/**
 * @param {object} figure
 * @param {string} figure.title
 * @param {Array<[string, string]>} figure.key pairs of mark class and text
 * @param {string} figure.summary what the figure shows, in words
 * @param {Panel[]} figure.panels
 * @param {{columns: string[], rows: Array<Array<number | string | null>>}} figure.table
 */
export function figure({ title, key, summary, panels: wanted, table, note }) {
  const readout = element('p', { class: 'readout', 'aria-hidden': 'true' });
  const plots = element('div', { class: 'plots', role: 'img', 'aria-label': `${title}. ${summary}` });
  const node = element(
    'figure',
    { class: 'chart' },
    element(
      'figcaption',
      {},
      element('h3', {}, title),
      element(
        'ul',
        { class: 'key' },
        key.map(([mark, text]) => element('li', { class: mark }, text)),
      ),
    ),
    plots,
    note ? element('p', { class: 'remark' }, note) : null,
    element('div', { class: 'chart-foot' }, numbers(table), readout),
  );

  const group = wanted.length > 1 ? uPlot.sync(title) : null;
  const texts = wanted.map(() => '');
  const show = (position) => (text) => {
    texts[position] = text;
    readout.textContent = texts.filter(Boolean).join('   ');
  };
  wanted.forEach((panel, position) => {
    const host = element('div', { class: 'panel' });
    plots.append(host);
    panels.push(createPanel(host, panel, group, show(position)));
  });
  return node;
}

function createPanel(host, panel, group, show) {
  let plot = null;
  const draw = () => {
    if (!host.isConnected || host.clientWidth === 0) return;
    plot?.destroy();
    plot = new uPlot(options(panel, host.clientWidth, group, show), panel.data, host);
  };
  new ResizeObserver(() => {
    if (plot && plot.width !== host.clientWidth)
      plot.setSize({ width: host.clientWidth, height: panel.height });
  }).observe(host);
  return { draw };
}

/** Draws every panel; call it once the figures are in the page. */
export function drawFigures() {
  panels.forEach((panel) => panel.draw());
}

function options(panel, width, group, show) {
  const hooks = panel.hooks?.() ?? {};
  const zoom = panel.zoom ?? false;
  return {
    width,
    height: panel.height,
    padding: [8, 22, panel.x ? 0 : 6, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: zoom, y: false, setScale: zoom },
      points: { size: 8, width: 2 },
      ...(group ? { sync: { key: group.key, scales: ['x', null] } } : {}),
    },
    scales: { x: { time: false, ...panel.xScale }, y: panel.yScale ?? {} },
    axes: [xAxis(panel), yAxis(panel)],
    series: [{}, ...panel.series()],
    hooks: {
      ...hooks,
      setCursor: [(u) => show(isNumber(u.cursor.idx) && panel.readout ? panel.readout(u.cursor.idx) : '')],
    },
  };
}

function lines() {
  return {
    stroke: variable('ink-soft'),
    font: font(),
    labelFont: font(),
    labelGap: 0,
    labelSize: LABEL_SIZE,
    grid: { stroke: variable('grid'), width: 1 },
    ticks: { stroke: variable('grid'), width: 1, size: 5 },
    border: { show: true, stroke: variable('rule'), width: 1 },
  };
}

function xAxis(panel) {
  return {
    ...lines(),
    label: panel.x,
    size: panel.x ? 30 : 8,
    space: 56,
    values: panel.x
      ? (u, splits, axis, space, spacing) => ticks(splits, spacing)
      : (u, splits) => splits.map(() => ''),
    ...(panel.integers
      ? { incrs: [1, 2, 4, 5, 8, 10, 16, 20, 32, 50, 64, 100, 128, 200, 256, 500, 1000] }
      : {}),
  };
}

function yAxis(panel) {
  const logarithmic = panel.yScale?.distr === 3;
  const common = lines();
  return {
    ...common,
    ...(logarithmic ? { grid: { ...common.grid, filter: decades } } : {}),
    label: panel.y,
    size: Y_AXIS_SIZE,
    space: panel.height < 200 ? 20 : 32,
    values: logarithmic
      ? (u, splits) => logTicks(splits)
      : (u, splits, axis, space, spacing) => ticks(splits, spacing),
  };
}

/** Grid lines at the powers of ten only, unless there is no more than one of them. */
function decades(u, splits) {
  const whole = (value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9;
  return splits.filter(whole).length < 2 ? splits : splits.map((value) => (whole(value) ? value : null));
}

function numbers({ columns, rows }) {
  const details = element('details', { class: 'numbers' }, element('summary', {}, 'Numbers'));
  const cell = (value) => (typeof value === 'number' || value === null ? significant(value, 8) : value);
  const fillTable = () => {
    if (details.childElementCount > 1) return;
    const shown = rows.slice(0, MAXIMUM_ROWS);
    details.append(
      element(
        'div',
        { class: 'scroll', tabindex: '0' },
        element(
          'table',
          {},
          element(
            'thead',
            {},
            element(
              'tr',
              {},
              columns.map((name) => element('th', { scope: 'col' }, name)),
            ),
          ),
          element(
            'tbody',
            {},
            shown.map((row) =>
              element(
                'tr',
                {},
                row.map((v) => element('td', {}, cell(v))),
              ),
            ),
          ),
        ),
      ),
    );
    if (shown.length < rows.length)
      details.append(element('p', { class: 'remark' }, `The first ${shown.length} of ${rows.length} rows.`));
  };
  details.addEventListener('toggle', fillTable);
  return details;
}

/** A series drawn as a line, with points where there are few. */
export function line(stroke, { width = 2, dash, points = false, fill, paths, size = 6 } = {}) {
  return {
    stroke,
    width,
    dash,
    fill,
    paths,
    points: { show: points, size, stroke, fill: points === true ? stroke : undefined, width: 1.5 },
    pxAlign: 0,
  };
}

/** A scale that shows all the given values with some air, and zero when asked. */
export function rangeOf(values, { zero = false, air = 0.08 } = {}) {
  const finite = values.filter(isNumber);
  if (zero) finite.push(0);
  if (finite.length === 0) return [0, 1];
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const span = high - low || Math.abs(high) || 1;
  return [zero && low === 0 ? 0 : low - air * span, zero && high === 0 ? 0 : high + air * span];
}
