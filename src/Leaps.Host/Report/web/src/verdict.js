// The result in one glance: log Z with its error, the exact value, and whether they agree.

import { element, symbol } from './dom.js';
import { deviation, scale } from './deviation.js';
import {
  count,
  duration,
  fixed,
  isNumber,
  population as size,
  reference,
  sigmas,
  withError,
} from './numbers.js';

const WORDS = {
  fine: ['✓', 'agrees with the exact value'],
  note: ['!', 'is in tension with the exact value'],
  flagged: ['✕', 'disagrees with the exact value'],
};

export function verdict(data) {
  const { logZ, stdErr, exact, relativeEss } = data.headline;
  const text = withError(logZ, stdErr);
  const found = deviation({ value: logZ, stdErr, exact });
  return element(
    'section',
    { class: `verdict ${found?.grade ?? 'open'}`, 'aria-label': 'Result' },
    element(
      'div',
      { class: 'result' },
      element('p', { class: 'quantity' }, symbol('log Z'), ' of the target'),
      element('p', { class: 'value' }, split(text.short)),
      element('p', { class: 'plain' }, text.plain === text.short ? 'no standard error' : text.plain),
    ),
    comparison(found, exact, text.decimals),
    element('dl', { class: 'tiles' }, tiles(data, relativeEss)),
  );
}

/** The digits of the error stand back behind those of the value. */
function split(text) {
  const at = text.indexOf('(');
  return at < 0 ? text : [text.slice(0, at), element('span', { class: 'digits' }, text.slice(at))];
}

function comparison(found, exact, decimals) {
  if (!isNumber(exact))
    return element(
      'div',
      { class: 'comparison' },
      element('p', { class: 'pill open' }, 'no exact value to compare with'),
    );
  const [mark, words] = found ? WORDS[found.grade] : ['', 'exact value known, no standard error'];
  return element(
    'div',
    { class: 'comparison' },
    element(
      'p',
      { class: `pill ${found?.grade ?? 'open'}` },
      element('span', { 'aria-hidden': 'true' }, mark),
      ' ',
      words,
    ),
    element(
      'p',
      { class: 'exact' },
      'exact ',
      element('strong', { title: String(exact) }, reference(exact, null, decimals)),
      found ? [' · deviation ', element('strong', {}, sigmas(found.z))] : null,
    ),
    found ? scale(found, { width: 380, height: 30, labels: true }) : null,
  );
}

function tiles({ population, samplingSeconds, trainingSeconds }, relativeEss) {
  const tile = (name, value, note) =>
    element(
      'div',
      {},
      element('dt', {}, name),
      element('dd', {}, value, note ? element('small', {}, note) : null),
    );
  return [
    tile('relative ESS', isNumber(relativeEss) ? fixed(relativeEss, 3) : '—', 'at t = 1'),
    tile('walkers', size(population), `${count(population.windows)} windows`),
    tile('families left', count(population.families), `of ${count(population.walkers)}`),
    tile(
      'sampling',
      duration(samplingSeconds),
      isNumber(trainingSeconds) ? `training ${duration(trainingSeconds)}` : 'no training',
    ),
  ];
}
