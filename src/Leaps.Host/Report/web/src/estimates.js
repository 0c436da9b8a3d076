// The table of estimates: value with error, what is known to be true, and how far apart they are.

import { element, symbol } from './dom.js';
import { deviation, scale } from './deviation.js';
import { isNumber, reference, sigmas, withError } from './numbers.js';

const COLUMNS = ['Quantity', 'Estimate', 'Value ± standard error', 'Reference', 'Deviation', 'Source'];

export function estimates({ estimates: list }) {
  if (!list?.length) return null;
  const rows = list.map(describe);
  const before = Math.max(
    ...rows.map((row) => Math.max(...[row.text.short, row.truth].map((t) => split(t)[0].length))),
  );
  const after = Math.max(...rows.map((row) => split(row.text.short)[1].length));
  const afterTruth = Math.max(...rows.map((row) => split(row.truth)[1].length));
  const known = rows.some((row) => isNumber(row.exact));
  const columns = known ? COLUMNS : COLUMNS.slice(0, 3);
  return element(
    'div',
    { class: 'card wide' },
    element(
      'table',
      {
        class: 'estimates',
        role: 'table',
        style: `--before:${before}ch;--after:${after}ch;--after-truth:${afterTruth}ch`,
      },
      element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, columns.map(heading))),
      element(
        'tbody',
        { role: 'rowgroup' },
        rows.map((row) => tableRow(row, known)),
      ),
    ),
    known ? legend() : null,
  );
}

function heading(name) {
  return element('th', { role: 'columnheader', scope: 'col' }, name);
}

function describe(estimate) {
  const text = withError(estimate.value, estimate.stdErr);
  const truth = isNumber(estimate.exact)
    ? reference(estimate.exact, estimate.exactStdErr, text.decimals)
    : '—';
  return { ...estimate, text, truth, found: deviation(estimate) };
}

function tableRow(row, known) {
  const cell = (index, name, ...content) =>
    element(
      'td',
      { role: 'cell', class: content[0] === '—' ? `${name} none` : name, 'data-label': COLUMNS[index] },
      content,
    );
  return element(
    'tr',
    { role: 'row' },
    element(
      'th',
      { role: 'rowheader', scope: 'row' },
      element('span', { class: 'name' }, row.name),
      row.symbol ? symbol(row.symbol) : null,
    ),
    cell(1, 'estimate', aligned(row.text.short, 'estimated')),
    cell(2, 'plain', row.text.plain),
    known ? cell(3, 'truth', row.truth === '—' ? '—' : aligned(row.truth, 'true', String(row.exact))) : null,
    known ? cell(4, 'deviation', row.found ? mark(row.found) : '—') : null,
    known ? cell(5, 'source', row.exactSource ?? (isNumber(row.exact) ? 'exact' : '—')) : null,
  );
}

function mark(found) {
  return element(
    'span',
    { class: `mark ${found.grade}` },
    element('span', { class: 'sigma' }, sigmas(found.z)),
    scale(found),
    found.grade === 'fine'
      ? null
      : element('span', { class: 'flag' }, found.grade === 'note' ? 'tension' : 'disagrees'),
  );
}

function split(text) {
  const point = text.search(/[.(]/);
  return point < 0 ? [text, ''] : [text.slice(0, point), text.slice(point)];
}

/** Numbers of a column stand with their decimal points under each other. */
function aligned(text, kind, title) {
  const [whole, rest] = split(text);
  return element(
    'span',
    { class: `aligned ${kind}`, title },
    element('span', { class: 'whole' }, whole),
    element('span', { class: 'rest' }, rest),
  );
}

function legend() {
  return element(
    'p',
    { class: 'remark' },
    'Digits in parentheses are the standard error of the last digits. The scale runs from −5 to +5\u00a0σ; ',
    'its bands end at 2\u00a0σ and 4\u00a0σ. One estimate in twenty lies beyond 2\u00a0σ by chance. ',
    'All estimates come from the same walkers, so their deviations are correlated.',
  );
}
