// The page of a run's report. Reads the data that ReportWriter put into the page, and draws its sections.
//
// When everything is drawn the root element says so: data-ready, data-charts (panels drawn), data-errors.

import './page.css';
import './charts.css';
import 'uplot/dist/uPlot.min.css';
import { drawFigures, panelCount } from './chart.js';
import { element } from './dom.js';
import { estimates } from './estimates.js';
import { pageHead, warnings } from './head.js';
import { lattices } from './lattices.js';
import { correlation, histogram } from './observables.js';
import { run } from './run.js';
import { training } from './training.js';
import { verdict } from './verdict.js';
import { windows } from './windows.js';

const root = document.documentElement;
const errors = [];

function failed(what, error) {
  errors.push(`${what}: ${error?.message ?? error}`);
  root.dataset.errors = JSON.stringify(errors);
}

window.addEventListener('error', (event) => failed('page', event.error ?? event.message));
window.addEventListener('unhandledrejection', (event) => failed('page', event.reason));
root.dataset.errors = '[]';

/** One failing section must not take the others with it. */
function section(name, make, host) {
  try {
    host.append(...[make()].flat().filter(Boolean));
  } catch (error) {
    failed(name, error);
    host.append(
      element('p', { class: 'broken' }, `The section “${name}” could not be drawn: ${error.message}`),
    );
  }
}

function titled(title, ...children) {
  const content = children.flat().filter(Boolean);
  return content.length === 0 ? null : element('section', {}, element('h2', {}, title), content);
}

function pair(...figures) {
  const shown = figures.filter(Boolean);
  return shown.length === 0 ? null : element('div', { class: shown.length > 1 ? 'pair' : 'single' }, shown);
}

const data = JSON.parse(document.getElementById('report-data').textContent);
const main = document.getElementById('report');

section('Head', () => pageHead(data), main);
section('Warnings', () => warnings(data), main);
section('Result', () => verdict(data), main);
section('Estimates', () => titled('Estimates', estimates(data)), main);
section('Annealing', () => titled('Along the annealing path', pair(...windows(data))), main);
section('Observables', () => titled('Observables at t = 1', pair(histogram(data), correlation(data))), main);
section('Final states', () => titled('Final states', lattices(data)), main);
section('Training', () => titled('Training', training(data)), main);
section('Run', () => titled('The run', run(data)), main);
section('Figures', () => drawFigures(), main);

root.dataset.charts = String(panelCount());
root.dataset.ready = String(errors.length === 0);
