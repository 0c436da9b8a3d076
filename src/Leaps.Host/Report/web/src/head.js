// The head of the page: what was run, when and where; and what the reader must know before the numbers.

import { element } from './dom.js';
import { count, moment } from './numbers.js';
import { toggleTheme } from './theme.js';

export function pageHead(data) {
  const threads =
    data.threads > 0 ? `${count(data.threads)} ${data.threads === 1 ? 'thread' : 'threads'}` : null;
  const facts = [moment(data.created), data.version && `leaps ${data.version}`, data.deviceKind, threads];
  return element(
    'header',
    { class: 'page-head' },
    element(
      'div',
      { class: 'eyebrow' },
      element('span', {}, 'Leaps · report of a run'),
      element('button', { type: 'button', class: 'theme', onclick: toggleTheme }, 'Light / dark'),
    ),
    element('h1', {}, data.title),
    data.subtitle ? element('p', { class: 'subtitle' }, data.subtitle) : null,
    element(
      'p',
      { class: 'facts' },
      facts.filter(Boolean).map((fact) => element('span', {}, fact)),
    ),
  );
}

export function warnings({ warnings: list }) {
  if (!list?.length) return null;
  return element(
    'aside',
    { class: 'warnings', 'aria-label': 'Warnings' },
    element('h2', {}, 'Before you use these numbers'),
    element(
      'ul',
      {},
      list.map((text) => element('li', {}, text)),
    ),
  );
}
