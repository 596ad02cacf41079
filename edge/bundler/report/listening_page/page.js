"use strict";

const test = JSON.parse(document.getElementById("data").textContent);
const seed = test.seed ?? crypto.getRandomValues(new Uint32Array(1))[0];
const trials = makeTrials(test, seed);
const byId = id => document.getElementById(id);
const SECONDS_EACH = 20;
const players = test.sentences.map(({ sounds }) => sounds.map(address => Object.assign(new Audio(), { preload: "none", src: address })));
const answers = [];
let listener = {}, started = "", since = 0, plays = [0, 0, 0], playing = null;

byId("total").textContent = trials.length;
byId("minutes").textContent = Math.max(1, Math.round(trials.length * SECONDS_EACH / 60));
const KINDS = {
  abx: "Which one is X? A and B say the same, made in two ways; X is one of the two once more.",
  preference: "Which one sounds better? Or can you hear no difference?",
};
byId("kinds").replaceChildren(...Object.keys(KINDS).filter(kind => test[kind])
  .map(kind => Object.assign(document.createElement("li"), { textContent: KINDS[kind] })));

function trial() {
  return trials[answers.length];
}

/** The player of A (0), B (1) and X (2). */
function player(which) {
  const { sentence, order, x } = trial();
  return players[sentence][order[which === 2 ? x : which]];
}

function play(which) {
  if (!trial() || (which === 2 && trial().kind !== "abx")) return;
  silence();
  const sound = player(which);
  playing = { sound, which };
  sound.currentTime = 0;
  sound.onended = silence;
  sound.play().then(() => {
    plays[which]++;
    showAnswers();
  }, error => { if (error.name !== "AbortError") byId("hint").textContent = `The browser does not play it: ${error.message}`; });
  showPlaying();
}

function silence() {
  playing?.sound.pause();
  playing = null;
  showPlaying();
}

function heard() {
  const needed = trial().kind === "abx" ? 3 : 2;
  return plays.slice(0, needed).every(Boolean);
}

function answer(which) {
  if (!trial() || !heard() || (which === null && trial().kind === "abx")) return;
  silence();
  answers.push({ ...trial(), answer: which, plays: [...plays], seconds: Math.round((performance.now() - since) / 100) / 10 });
  answers.length < trials.length ? ask() : finish();
}

function ask() {
  const { kind, sentence } = trial();
  const abx = kind === "abx";
  plays = [0, 0, 0];
  since = performance.now();
  byId("progress-says").textContent = `Question ${answers.length + 1} of ${trials.length}`;
  byId("progress").max = trials.length;
  byId("progress").value = answers.length;
  byId("asked").textContent = abx ? "Which one is X?" : "Which one sounds better?";
  byId("sentence").textContent = test.sentences[sentence].text;
  byId("answer-0").textContent = abx ? "X is A" : "A is better";
  byId("answer-1").textContent = abx ? "X is B" : "B is better";
  byId("answer-none").textContent = "No difference";
  for (const id of ["answer-none", "key-none"]) byId(id).hidden = abx;
  for (const id of ["play-2", "key-x"]) byId(id).hidden = !abx;
  byId("asked").focus();
  showPlaying();
  showAnswers();
}

function showPlaying() {
  for (const which of [0, 1, 2]) {
    const button = byId(`play-${which}`), on = playing?.which === which;
    button.classList.toggle("on", on);
    button.lastElementChild.textContent = on ? "plays" : plays[which] ? "play again" : "play";
  }
}

function showAnswers() {
  const ready = heard();
  for (const id of ["answer-0", "answer-1", "answer-none"]) byId(id).disabled = !ready;
  byId("hint").textContent = ready ? "" : "Listen to each of them first, as often as you like.";
}

function percent(share) {
  return `${Math.round(100 * share)} %`;
}

function chance(p) {
  return p < 0.001 ? "under 0.1 %" : `${(100 * p).toFixed(1)} %`;
}

function shown({ kind, pair, asked, hits, ties, interval, p }) {
  const [one, other] = pair.map(i => test.systems[i].name), count = asked - ties;
  const rare = p < 0.05;
  const cells = kind === "abx"
    ? [`Told apart: ${one} and ${other}`, `${hits} of ${count} right`]
    : [`Liked better: ${one}, than ${other}`, `${hits} of ${count}${ties ? `, ${ties} heard no difference` : ""}`];
  const so = kind === "abx"
    ? rare ? "you hear which is which" : "not shown that you hear a difference"
    : rare ? `${hits * 2 > count ? one : other} is liked better` : "neither is shown to be liked better";
  const row = document.createElement("tr");
  cells.push(count ? percent(hits / count) : "-", count ? interval.map(percent).join(" to ") : "-", chance(p), so);
  row.append(...cells.map(text => Object.assign(document.createElement("td"), { textContent: text })));
  return row;
}

function finish() {
  silence();
  const rows = counted(answers);
  const { format, made_by, systems, sound } = test;
  const results = {
    format, made_by, systems, sound, seed, listener, started, ended: new Date().toISOString(),
    questions: trials.length,
    answers: answers.map(given => ({ ...given, text: test.sentences[given.sentence].text })),
    results: rows,
  };
  const text = JSON.stringify(results, null, 1);
  byId("json").textContent = text;
  byId("save").href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  byId("rows").replaceChildren(...rows.map(shown));
  byId("summary").textContent = `You answered ${answers.length} of ${trials.length} questions. `
    + "Please save the results and send the file to whoever asked you.";
  byId("question").hidden = true;
  byId("results").hidden = false;
  byId("thanks").focus();
}

byId("begin").onsubmit = event => {
  event.preventDefault();
  listener = { listening: byId("listening").value, note: byId("note").value };
  started = new Date().toISOString();
  byId("welcome").hidden = true;
  byId("question").hidden = false;
  ask();
};
for (const which of [0, 1, 2]) byId(`play-${which}`).onclick = () => play(which);
for (const which of [0, 1]) byId(`answer-${which}`).onclick = () => answer(which);
byId("answer-none").onclick = () => answer(null);
byId("finish").onclick = finish;
const KEYS = {
  a: () => play(0), b: () => play(1), x: () => play(2), 1: () => answer(0), 2: () => answer(1), 0: () => answer(null),
};
document.addEventListener("keydown", event => {
  if (byId("question").hidden || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key === " " && event.target.tagName !== "BUTTON") {
    event.preventDefault();
    silence();
  }
  KEYS[event.key.toLowerCase()]?.();
});
