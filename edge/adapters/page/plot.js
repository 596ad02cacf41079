// The latencies that the daemon tells, over the last minutes, and what this page saw itself.
"use strict";

const SPAN_S = 300, LEFT = 38, RIGHT = 396, TOP = 8, BOTTOM = 120;
const SVG = "http://www.w3.org/2000/svg";

export class Plot {
  constructor(svg, says) {
    this.svg = svg;
    this.says = says;
    this.told = []; // {at, p50, p95}: the daemon's, of its last 256 utterances
    this.seen = []; // {at, ms}: this page's
  }

  tell(latency) {
    if (latency) this.told.push({ at: now(), ...latency });
    this.draw(latency);
  }

  see(ms) {
    this.seen.push({ at: now(), ms });
    this.draw(this.told.at(-1));
  }

  draw(latency) {
    const since = now() - SPAN_S;
    this.told = this.told.filter(({ at }) => at >= since);
    this.seen = this.seen.filter(({ at }) => at >= since);
    const most = nice(Math.max(10, ...this.told.map(t => t.p95), ...this.seen.map(s => s.ms)));
    const x = at => LEFT + (RIGHT - LEFT) * (at - since) / SPAN_S;
    const y = ms => BOTTOM - (BOTTOM - TOP) * ms / most;
    const line = name => element("polyline", {
      class: name, points: this.told.map(t => `${x(t.at).toFixed(1)},${y(t[name]).toFixed(1)}`).join(" "),
    });
    const rule = ms => [
      element("line", { class: "rule", x1: LEFT, x2: RIGHT, y1: y(ms), y2: y(ms) }),
      element("text", { x: LEFT - 6, y: y(ms) + 4, "text-anchor": "end" }, String(ms)),
    ];
    const minutes = [5, 4, 3, 2, 1].map(m => element("text", {
      x: x(now() - 60 * m), y: BOTTOM + 16, "text-anchor": m === 5 ? "start" : "middle",
    }, `${m} min`));
    this.svg.replaceChildren(
      ...rule(0), ...rule(most / 2), ...rule(most), ...minutes,
      element("text", { x: RIGHT, y: BOTTOM + 16, "text-anchor": "end" }, "now"),
      line("p95"), line("p50"),
      ...this.seen.map(s => element("circle", { class: "dot", cx: x(s.at), cy: y(s.ms), r: 3.5 })),
    );
    const mine = this.seen.length ? ` The last one from this page: ${Math.round(this.seen.at(-1).ms)} ms.` : "";
    this.says.textContent = (latency
      ? `On the sound card, of ${latency.count}: median ${Math.round(latency.p50)} ms, `
        + `95th percentile ${Math.round(latency.p95)} ms.`
      : "Nothing has been spoken on the sound card yet.") + mine;
  }
}

/** The next 10, 20, 50, 100, ... */
function nice(value) {
  const step = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map(m => m * step).find(most => most >= value);
}

function now() {
  return performance.now() / 1000;
}

function element(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}
