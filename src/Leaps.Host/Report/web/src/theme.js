// Light or dark: as the system says, as the reader chooses, and always light on paper.

const root = document.documentElement;
const system = window.matchMedia('(prefers-color-scheme: dark)');
const listeners = [];
let chosen = null;

const wanted = () => chosen ?? (system.matches ? 'dark' : 'light');

function apply(theme) {
  root.dataset.theme = theme;
  for (const listener of listeners) listener();
}

/** Calls back after every change of the theme or of the medium (screen, paper). */
export function onThemeChange(listener) {
  listeners.push(listener);
}

export function toggleTheme() {
  chosen = wanted() === 'dark' ? 'light' : 'dark';
  apply(chosen);
}

/** A CSS variable, a colour mostly, as the theme has it now. */
export function variable(name) {
  return getComputedStyle(root).getPropertyValue(`--${name}`).trim();
}

root.dataset.theme = wanted();
system.addEventListener('change', () => apply(wanted()));
window.addEventListener('beforeprint', () => {
  root.dataset.medium = 'paper';
  apply('light');
});
window.addEventListener('afterprint', () => {
  delete root.dataset.medium;
  apply(wanted());
});
