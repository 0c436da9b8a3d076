// How numbers are written: uncertainties in the parenthesis notation, deviations in σ, durations, ticks.

const MINUS = '\u2212';
const NBSP = '\u00a0';
const SUPERSCRIPTS = {
  '-': '⁻',
  0: '⁰',
  1: '¹',
  2: '²',
  3: '³',
  4: '⁴',
  5: '⁵',
  6: '⁶',
  7: '⁷',
  8: '⁸',
  9: '⁹',
};

export const isNumber = (value) => typeof value === 'number' && Number.isFinite(value);

/** toFixed with a true minus sign, never "−0.00". */
export function fixed(value, decimals) {
  const text = value.toFixed(Math.min(Math.max(decimals, 0), 20));
  return text.startsWith('-') ? (/[1-9]/.test(text) ? MINUS : '') + text.slice(1) : text;
}

export function powerOfTen(exponent) {
  return '10' + [...String(exponent)].map((c) => SUPERSCRIPTS[c]).join('');
}

/**
 * Decimals to which a value with this standard error is rounded. The rule of the Particle Data Group: the
 * error keeps two digits when its first three are 100 to 354, one when they are 355 to 949, else it rounds up
 * to 1.0.
 * @param {number} error positive
 */
export function decimalsFor(error) {
  const exponent = Math.floor(Math.log10(error) + 1e-12);
  const three = Math.round(error / 10 ** (exponent - 2));
  return three < 355 ? 1 - exponent : -exponent;
}

/**
 * A value with its standard error: 209.82(3) and 209.82 ± 0.03.
 * @param {number | null} value
 * @param {number | null} error null, zero or not finite when unknown: then six significant digits are shown
 * @returns {{short: string, plain: string, decimals: number}}
 */
export function withError(value, error) {
  if (!isNumber(value)) return { short: '—', plain: '—', decimals: 4 };
  if (!isNumber(error) || error <= 0) {
    const text = significant(value, 6);
    return { short: text, plain: text, decimals: (text.split('.')[1] ?? '').length };
  }
  const size = Math.max(Math.abs(value), error);
  if (size < 1e-4 || size >= 1e7) return scientific(value, error, size);

  const decimals = decimalsFor(error);
  const mantissa = fixed(roundTo(value, decimals), decimals);
  const rounded = Number(roundTo(error, decimals).toFixed(Math.max(decimals, 0)));
  const inside = rounded >= 1 ? fixed(rounded, decimals) : String(Math.round(error * 10 ** decimals));
  return { short: `${mantissa}(${inside})`, plain: `${mantissa} ± ${fixed(rounded, decimals)}`, decimals };
}

function scientific(value, error, size) {
  const exponent = Math.floor(Math.log10(size));
  const scaled = withError(value / 10 ** exponent, error / 10 ** exponent);
  const power = powerOfTen(exponent);
  return {
    short: `${scaled.short} × ${power}`,
    plain: `(${scaled.plain}) × ${power}`,
    decimals: scaled.decimals - exponent,
  };
}

function roundTo(value, decimals) {
  return decimals < 0 ? Math.round(value * 10 ** decimals) * 10 ** -decimals : value;
}

/**
 * The value that an estimate is compared with: one decimal more than the estimate, or with its own error.
 * @param {number} exact
 * @param {number | null} error
 * @param {number} decimals of the estimate
 */
export function reference(exact, error, decimals) {
  if (isNumber(error) && error > 0) return withError(exact, error).short;
  if (exact === 0) return '0';
  const size = Math.abs(exact);
  return size < 1e-4 || size >= 1e7
    ? significant(exact, 6)
    : fixed(exact, Math.min(Math.max(decimals + 1, 1), 10));
}

/** A number of which nothing is known but its value. */
export function significant(value, digits) {
  if (!isNumber(value)) return '—';
  if (value === 0) return '0';
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  if (exponent < -4 || exponent >= 7)
    return `${fixed(value / 10 ** exponent, digits - 1).replace(/\.?0+$/, '')} × ${powerOfTen(exponent)}`;
  const text = fixed(value, Math.max(digits - 1 - exponent, 0));
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** "+0.6 σ", "−2.4 σ", "+37 σ". */
export function sigmas(z) {
  const size = Math.abs(z);
  if (size >= 1000) return z < 0 ? `< ${MINUS}999${NBSP}σ` : `> +999${NBSP}σ`;
  const text = size >= 9.95 ? size.toFixed(0) : size.toFixed(1);
  return `${z < 0 && text !== '0.0' ? MINUS : '+'}${text}${NBSP}σ`;
}

/** 1,234,567: as the terminal and the error messages write it. */
export function count(value) {
  if (!isNumber(value)) return '—';
  const [whole, fraction] = fixed(value, Number.isInteger(value) ? 0 : Math.abs(value) < 100 ? 1 : 0).split(
    '.',
  );
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return fraction ? `${grouped}.${fraction}` : grouped;
}

/** "10,000", or with replicas "4 × 10,000". */
export function population({ walkers, replicas }) {
  return replicas > 1 ? `${count(replicas)} × ${count(walkers / replicas)}` : count(walkers);
}

/** A rate with a prefix: "2.9 million". */
export function rate(value) {
  if (!isNumber(value)) return '—';
  for (const [size, name] of [
    [1e9, 'billion'],
    [1e6, 'million'],
  ])
    if (value >= size) return `${significant(value / size, 3)} ${name}`;
  return count(value >= 100 ? Math.round(value) : value);
}

/** @param {number | null} seconds */
export function duration(seconds) {
  if (!isNumber(seconds)) return '—';
  if (seconds < 1) return `${Math.round(seconds * 1000)} ms`;
  if (seconds < 60) return `${significant(seconds, 3)} s`;
  const whole = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  if (hours >= 48) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours > 0 ? `${hours} h ${minutes} min` : `${minutes} min ${rest} s`;
}

/** Tick labels with the decimals that their spacing needs. */
export function ticks(splits, spacing) {
  let decimals = Math.max(0, -Math.floor(Math.log10(spacing) + 1e-9));
  const needed = (spacing * 10 ** decimals) % 1;
  if (needed > 1e-6 && needed < 1 - 1e-6) decimals++;
  return splits.map((value) => {
    if (value === null) return '';
    if (Math.abs(value) >= 1e5)
      return Number.isInteger(value / 1e6) ? `${fixed(value / 1e6, 0)} M` : `${value / 1e3} k`;
    return decimals === 0 ? count(value) : fixed(value, decimals);
  });
}

/** Tick labels of a logarithmic axis; a range that starts inside a decade gets no label there. */
export function logTicks(splits) {
  return splits.map((value) => {
    if (value === null || value <= 0) return '';
    const exponent = Math.floor(Math.log10(value) + 1e-9);
    const mantissa = value / 10 ** exponent;
    if (Math.abs(mantissa - Math.round(mantissa)) > 1e-6) return '';
    return exponent > 4 || exponent < -3 ? significantPower(mantissa, exponent) : significant(value, 2);
  });
}

function significantPower(mantissa, exponent) {
  const digit = Math.round(mantissa);
  return digit === 1 ? powerOfTen(exponent) : `${digit}·${powerOfTen(exponent)}`;
}

/** "2026-03-01T14:05:09Z" → "2026-03-01 14:05 UTC"; anything else stays as it is. */
export function moment(iso) {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/.exec(iso ?? '');
  if (!match) return iso ?? '';
  const zone = !match[3]
    ? ''
    : /^(Z|[+-]00:?00)$/.test(match[3])
      ? ' UTC'
      : ` UTC${match[3].replace('-', MINUS)}`;
  return `${match[1]} ${match[2]}${zone}`;
}
