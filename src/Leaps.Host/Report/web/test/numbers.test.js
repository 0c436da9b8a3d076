// How numbers are written. Run with `npm test`.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as numbers from '../src/numbers.js';

const short = (value, error) => numbers.withError(value, error).short;
const plain = (value, error) => numbers.withError(value, error).plain;

test('the error keeps one digit from 355 to 949 and two otherwise', () => {
  assert.equal(short(20.1234, 0.004), '20.123(4)');
  assert.equal(short(209.8234, 0.034), '209.823(34)');
  assert.equal(short(209.8234, 0.0355), '209.82(4)');
  assert.equal(short(209.8234, 0.0949), '209.82(9)');
  assert.equal(short(209.8234, 0.0951), '209.82(10)');
  assert.equal(short(1.5, 0.1), '1.50(10)');
});

test('the same value is written plainly', () => {
  assert.equal(plain(209.8234, 0.0355), '209.82 ± 0.04');
  assert.equal(plain(-1.4557, 0.00021), '−1.45570 ± 0.00021');
});

test('errors of one and more are not squeezed into last digits', () => {
  assert.equal(short(1234.56, 12.3), '1235(12)');
  assert.equal(short(12.34, 1.23), '12.3(1.2)');
  assert.equal(short(123456, 1234), '123500(1200)');
});

test('small and large values get a power of ten', () => {
  assert.equal(short(1.2345e-6, 2e-9), '1.2345(20) × 10⁻⁶');
  assert.equal(short(3.2e9, 4e7), '3.20(4) × 10⁹');
});

test('values without an error, or no value at all', () => {
  assert.equal(short(0.5, null), '0.5');
  assert.equal(short(0.123456789, 0), '0.123457');
  assert.equal(short(null, 0.1), '—');
  assert.equal(short(Number.NaN, 0.1), '—');
});

test('zero has no sign', () => {
  assert.equal(short(-0.0004, 0.01), '0.000(10)');
  assert.equal(numbers.sigmas(-0.01), '+0.0\u00a0σ');
});

test('a reference value has one decimal more than the estimate', () => {
  assert.equal(numbers.reference(209.826070136, null, 3), '209.8261');
  assert.equal(numbers.reference(0.71946, 0.00024, 3), '0.71946(24)');
});

test('deviations, counts, rates and durations', () => {
  assert.equal(numbers.sigmas(-2.44), '−2.4\u00a0σ');
  assert.equal(numbers.sigmas(37.2), '+37\u00a0σ');
  assert.equal(numbers.sigmas(-5000), '< −999\u00a0σ');
  assert.equal(numbers.count(999), '999');
  assert.equal(numbers.count(9999), '9,999');
  assert.equal(numbers.count(-1234567), '−1,234,567');
  assert.equal(numbers.count(12.34), '12.3');
  assert.equal(numbers.rate(2_904_000), '2.9 million');
  assert.equal(numbers.duration(0.25), '250 ms');
  assert.equal(numbers.duration(17.75), '17.8 s');
  assert.equal(numbers.duration(3725), '1 h 2 min');
});

test('a population of several replicas is written as a product', () => {
  assert.equal(numbers.population({ walkers: 40000, replicas: 4 }), '4 × 10,000');
  assert.equal(numbers.population({ walkers: 40000, replicas: 1 }), '40,000');
  assert.equal(numbers.population({ walkers: 40000 }), '40,000');
});

test('ticks have the decimals that their spacing needs', () => {
  assert.deepEqual(numbers.ticks([0, 0.25, 0.5], 0.25), ['0.00', '0.25', '0.50']);
  assert.deepEqual(numbers.ticks([-0.5, 0, 0.5], 0.5), ['−0.5', '0.0', '0.5']);
  assert.deepEqual(numbers.ticks([-5000, 0, 5000, 10000], 5000), ['−5,000', '0', '5,000', '10,000']);
  assert.deepEqual(numbers.ticks([0, 200000], 100000), ['0', '200 k']);
  assert.deepEqual(numbers.logTicks([null, 0.1, 1, 1.53, 100000]), ['', '0.1', '1', '', '10⁵']);
});

test('moments are shown without seconds', () => {
  assert.equal(numbers.moment('2026-03-01T14:05:09Z'), '2026-03-01 14:05 UTC');
  assert.equal(numbers.moment('yesterday'), 'yesterday');
});
