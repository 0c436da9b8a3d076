// The training of the network: the loss of every update, and the relative ESS of the evaluations on the way.

import { figure, line } from './chart.js';
import { count, fixed, isNumber, significant } from './numbers.js';
import { verticalMarks } from './marks.js';
import { variable } from './theme.js';

const X = 'update';

export function training({ training: data }) {
  if (!data?.update?.length) return null;
  const { update, loss, evaluations = [], bestUpdate } = data;
  const positive = loss.map((value) => (isNumber(value) && value > 0 ? value : null));
  const smooth = smoothed(positive, Math.max(1, Math.round(loss.length / 60)));
  const evaluated = evaluations.filter((e) => isNumber(e.relativeEss));
  const best = evaluated.find((e) => e.update === bestUpdate);
  const xRange = [0, Math.max(update.at(-1), evaluated.at(-1)?.update ?? 0)];
  const panels = [lossPanel({ update, positive, smooth, xRange, last: evaluated.length === 0 })];
  if (evaluated.length > 0) panels.push(evaluationPanel({ evaluated, bestUpdate, xRange }));
  return figure({
    title: 'Loss and evaluations',
    key: [
      ['estimate', 'loss, smoothed'],
      ['raw', 'loss'],
      evaluated.length > 0 && ['estimate dot', 'relative ESS of an evaluation'],
      isNumber(bestUpdate) && ['best', `best network, update ${count(bestUpdate)}`],
    ].filter(Boolean),
    summary:
      `Loss from ${significant(smooth[0], 3)} to ${significant(smooth.at(-1), 3)} ` +
      `over ${count(update.at(-1))} updates` +
      (best ? `; best relative ESS ${fixed(best.relativeEss, 3)} at update ${count(best.update)}.` : '.'),
    panels,
    table:
      evaluated.length > 0
        ? {
            columns: ['update', 'relative ESS'],
            rows: evaluated.map((e) => [count(e.update), e.relativeEss]),
          }
        : { columns: ['update', 'loss'], rows: update.map((u, i) => [count(u), loss[i]]) },
  });
}

function lossPanel({ update, positive, smooth, xRange, last }) {
  return {
    height: last ? 320 : 240,
    x: last ? X : undefined,
    y: 'loss',
    zoom: true,
    data: [update, positive, smooth],
    xScale: { range: (u, low, high) => (low === update[0] && high === update.at(-1) ? xRange : [low, high]) },
    yScale: { distr: 3, range: (u, low, high) => (low > 0 ? [low / 1.4, high * 1.4] : [0.1, 10]) },
    series: () => [line(variable('raw'), { width: 1 }), line(variable('estimate'), { width: 2.2 })],
    readout: (i) => `update ${count(update[i])} · loss ${significant(smooth[i], 3)}`,
  };
}

function evaluationPanel({ evaluated, bestUpdate, xRange }) {
  const x = evaluated.map((e) => e.update);
  return {
    height: 190,
    x: X,
    y: 'relative ESS',
    zoom: true,
    data: [x, evaluated.map((e) => e.relativeEss)],
    xScale: { range: (u, low, high) => (low === x[0] && high === x.at(-1) ? xRange : [low, high]) },
    yScale: { range: () => [0, 1.03] },
    series: () => [line(variable('estimate'), { width: 1.4, points: true })],
    hooks: () =>
      isNumber(bestUpdate) ? { drawAxes: [verticalMarks([bestUpdate], variable('best'), { dash: [] })] } : {},
    readout: (i) => `evaluation ESS / M = ${fixed(evaluated[i].relativeEss, 3)}`,
  };
}

/** Geometric mean over a centred window of 2·half + 1 updates (the axis is logarithmic). */
function smoothed(values, half) {
  const logs = values.map((value) => (value === null ? null : Math.log(value)));
  return logs.map((_, i) => {
    const near = logs.slice(Math.max(0, i - half), i + half + 1).filter((value) => value !== null);
    return near.length === 0 ? null : Math.exp(near.reduce((sum, value) => sum + value, 0) / near.length);
  });
}
