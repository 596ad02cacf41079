// What the daemon says of itself, as rows for people.
"use strict";

const SECONDS = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];

/** Put a status report into the list of facts and the list of warnings. */
export function showStatus(report, facts, warnings) {
  const rows = [
    ["Sound device", report.device ?? "none yet"],
    ["Speaking", report.speaking
      ? `${report.speaking.voice}, ${report.speaking.seconds.toFixed(1)} s` : "nothing"],
    ["Waiting", String(report.queue.length)],
    ...report.voices.map(voice => ["Voice", described(voice)]),
    ["Spoken", counted(report.counters)],
    ["Running", `${duration(report.uptime_s)}, version ${report.version}`],
  ];
  if (report.temperature !== undefined) rows.push(["Temperature", `${report.temperature.toFixed(0)} °C`]);
  if (report.throttled?.length) rows.push(["Held back by", report.throttled.join(", ")]);
  fill(facts, rows.flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
  fill(warnings, report.warnings.map(warning => make("li", warning)));
  warnings.hidden = !report.warnings.length;
}

function described({ name, variant, provider }) {
  return variant ? `${name}: ${variant}, ${provider.replace("ExecutionProvider", "")}` : `${name}: not loaded yet`;
}

function counted({ spoken, cancelled, failed, underruns }) {
  const others = [[cancelled, "stopped"], [failed, "failed"], [underruns, "underruns"]];
  return [`${spoken} times`, ...others.filter(([n]) => n).map(([n, what]) => `${n} ${what}`)].join(", ");
}

function duration(seconds) {
  const first = SECONDS.findIndex(([, size]) => seconds >= size);
  const at = first < 0 ? SECONDS.length - 1 : first;
  let rest = Math.floor(seconds);
  return SECONDS.slice(at, at + 2).map(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return `${count} ${unit}`;
  }).join(" ");
}

export function make(name, text) {
  const made = document.createElement(name);
  made.textContent = text;
  return made;
}

/** Exchange the children only where they differ, so that a reader is not sent back to the top. */
export function fill(list, children) {
  const same = list.children.length === children.length
    && children.every((child, i) => child.isEqualNode(list.children[i]));
  if (!same) list.replaceChildren(...children);
}

export function row(cells) {
  const made = document.createElement("tr");
  made.append(...cells.map(cell => make("td", cell)));
  return made;
}
