"use strict";

/** The interval of a proportion at 95 %. Source: Wilson, JASA 22 (1927), 209. */
function wilson(hits, count, z = 1.959963984540054) {
  if (!count) return [0, 1];
  const p = hits / count, n = count;
  const middle = p + z * z / (2 * n);
  const half = z * Math.sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  const bound = value => value / (1 + z * z / n);
  return [hits ? bound(middle - half) : 0, hits < count ? bound(middle + half) : 1];
}

/** The probability that tossing a coin `count` times gives `hits` heads or more: exact. */
function atLeast(hits, count) {
  let log = -count * Math.LN2, sum = 0;
  for (let k = 0; k <= count; k++) {
    if (k >= hits) sum += Math.exp(log);
    log += Math.log(count - k) - Math.log(k + 1);
  }
  return Math.min(1, sum);
}

/** The probability of a result as far from half and half, to either side: the sign test. */
function signTest(hits, count) {
  return Math.min(1, 2 * Math.min(atLeast(hits, count), atLeast(count - hits, count)));
}
