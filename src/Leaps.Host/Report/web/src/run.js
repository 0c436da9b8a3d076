// The run itself: its population and cost, the command that made it, and the configuration.

import { element } from './dom.js';
import { count, duration, fixed, isNumber, population, rate } from './numbers.js';

export function run(data) {
  return [
    element(
      'dl',
      { class: 'card facts-list' },
      rows(data).map(([name, value, note]) =>
        element(
          'div',
          {},
          element('dt', {}, name),
          element('dd', {}, value, note ? element('small', {}, note) : null),
        ),
      ),
    ),
    data.commandLine
      ? element(
          'div',
          { class: 'command' },
          element('h3', {}, 'Command'),
          element('pre', { tabindex: '0' }, element('code', {}, data.commandLine)),
        )
      : null,
    data.configuration
      ? element(
          'details',
          { class: 'configuration' },
          element('summary', {}, 'Configuration'),
          element('pre', { tabindex: '0' }, element('code', {}, data.configuration)),
        )
      : null,
    element(
      'footer',
      {},
      'Written by leaps',
      data.version ? ` ${data.version}` : '',
      '. This file holds all of its data and loads nothing from the network.',
    ),
  ];
}

function rows({ population: p, samplingSeconds, trainingSeconds }) {
  return [
    ['Walkers', population(p), p.replicas > 1 ? 'replicas × walkers' : null],
    ['Windows', count(p.windows)],
    ['Integrator', p.integrator || '—'],
    ['Resamplings', count(p.resamplings)],
    ['Network evaluations', count(p.evaluationsPerWalker), 'per walker'],
    ['Jumps', count(p.jumpsPerWalker), 'per walker'],
    ['Speed', rate(p.walkerStepsPerSecond), 'walker steps per second'],
    ['Families left', count(p.families), `of ${count(p.walkers)}`],
    [
      'Family statistic ρ',
      isNumber(p.familyStatistic) ? fixed(p.familyStatistic, 2) : '—',
      'walkers in a walker’s family',
    ],
    ['Sampling', duration(samplingSeconds)],
    ['Training', isNumber(trainingSeconds) ? duration(trainingSeconds) : 'none'],
  ];
}
