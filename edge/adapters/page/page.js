// The page: what is typed and pressed goes to the daemon, and what it tells is shown.
"use strict";

import { Caption } from "./caption.js";
import { answer, ask, keepToken, Refused, takeToken } from "./daemon.js";
import { Plot } from "./plot.js";
import { clear, explain, pronunciations } from "./reading.js";
import { Sound } from "./sound.js";
import { make, showStatus } from "./status.js";

const POLL_S = 2, PATIENCE_S = 15, PAUSE_BEFORE_EXPLAINING_MS = 400;
const EXAMPLES = {
  "Numbers, dates and money": ["auto", "Dr. Lee paid $5.20 on 3/4/2026, at 7:30 p.m., for 2.5 kg of apples."],
  "Several sentences": ["auto", "The kettle is on. The tea is in the pot, where it belongs. Would you like some?"],
  "Markdown": ["markdown", "# Today\n\n* **Rain** until noon\n* then *some* sun\n"],
  "SSML": ["ssml", '<speak>One moment. <break time="700ms"/> <prosody rate="slow">Here it is.</prosody></speak>'],
  "A name, in IPA": ["auto", "This is [[ˈkjuːbɚnˌɛtiz]], or so they say."],
};

const byId = id => document.getElementById(id);
const caption = new Caption(byId("caption"));
const plot = new Plot(byId("plot"), byId("plot-says"));
let voices = [];
let speaking = null; // {abort, sound}: what this page has spoken now
let known = ""; // the daemon's voices when they were listed, to see that they have changed
let saved = "";

// What is chosen

function wish() {
  const voice = voices[byId("voice").selectedIndex];
  const some = id => byId(id).value || undefined;
  return {
    text: byId("text").value,
    voice: voice?.name,
    speaker: byId("speaker-field").hidden ? undefined : some("speaker"),
    language: byId("language-field").hidden ? undefined : some("language"),
    format: byId("format").value,
    speed: Number(byId("speed").value),
    volume: Number(byId("volume").value),
  };
}

async function listVoices() {
  const info = await answer("describe");
  const before = byId("voice").value;
  voices = info.tts.flatMap(program => program.voices);
  byId("voice").replaceChildren(...voices.map(voice => {
    const title = voice.description && voice.description !== voice.name
      ? `${voice.name}: ${voice.description}` : voice.name;
    return Object.assign(make("option", title), { value: voice.name });
  }));
  if (voices.some(voice => voice.name === before)) byId("voice").value = before;
  showChoices();
}

function showChoices() {
  const voice = voices[byId("voice").selectedIndex];
  const choices = { speaker: (voice?.speakers ?? []).map(s => s.name), language: voice?.languages ?? [] };
  const least = { speaker: 1, language: 2 };
  for (const [id, names] of Object.entries(choices)) {
    byId(`${id}-field`).hidden = names.length < least[id];
    const usual = Object.assign(make("option", "the voice's own"), { value: "" });
    byId(id).replaceChildren(usual, ...names.map(name => Object.assign(make("option", name), { value: name })));
  }
}

// Speaking

async function speak(where) {
  stop();
  const wanted = wish();
  if (!byId("text").reportValidity()) return;
  const abort = new AbortController();
  const mine = speaking = { abort, sound: null };
  byId("stop").disabled = false;
  byId("save").hidden = true;
  say("Asked.");
  caption.show(wanted.text);
  try {
    await (where === "here" ? hearHere(wanted, mine) : speakThere(wanted, mine));
  } catch (error) {
    if (error.name !== "AbortError") say(shown(error));
    else if (speaking === mine) say("Stopped.");
  } finally {
    mine.sound?.close();
    if (speaking === mine) {
      speaking = null;
      byId("stop").disabled = true;
    }
  }
}

async function hearHere(wanted, mine) {
  const { text, voice, speaker, language, format, speed, volume } = wanted;
  const asked = performance.now();
  const words = [];
  let frame = 0;
  const follow = () => {
    const at = mine.sound.heard();
    const word = words.findLast(w => w.start_s <= at);
    if (word) caption.word(word.text_start, word.text_end);
    frame = requestAnimationFrame(follow);
  };
  const choice = { name: voice, speaker, language };
  const request = { text, voice: choice, text_format: format, speed, words: true };
  try {
    for await (const { type, data, payload } of ask("synthesize", request, mine.abort.signal)) {
      if (type === "audio-start") {
        mine.sound = new Sound(data.rate, volume);
      } else if (type === "audio-word") {
        words.push(data);
      } else if (type === "audio-chunk") {
        if (!mine.sound.seconds) {
          plot.see(performance.now() - asked);
          say("You hear it here.");
          follow();
        }
        mine.sound.add(payload ?? "");
      }
    }
    while (!mine.sound.over) await pause(50, mine.abort.signal);
    caption.end();
    say(`Heard here: ${mine.sound.seconds.toFixed(1)} s.`);
    offer(mine.sound);
  } finally {
    cancelAnimationFrame(frame);
  }
}

async function speakThere(wanted, mine) {
  const { text, voice, speaker, language, format, speed, volume } = wanted;
  const asked = performance.now();
  const request = {
    text, voice, speaker, language, speed, volume, text_format: format, words: true,
    while_connected: true, interruptions: true,
  };
  for await (const { type, data } of ask("speak", request, mine.abort.signal)) {
    if (type === "speak-accepted" && data.ahead) say(`In the queue, ${data.ahead} before it.`);
    if (type === "speak-started") {
      plot.see(performance.now() - asked);
      say("The device speaks.");
    }
    if (type === "speak-word") caption.word(data.text_start, data.text_end);
    if (type === "speak-interrupted") say(`Interrupted: ${data.reason}.`);
    if (type === "speak-resumed") say("The device speaks.");
    if (type === "speak-cancelled") say(`Stopped after ${data.seconds.toFixed(1)} s: ${data.reason}.`);
    if (type === "speak-finished") {
      caption.end();
      say(`Heard on the device: ${data.seconds.toFixed(1)} s.`);
    }
  }
}

function stop() {
  speaking?.abort.abort();
  speaking?.sound?.close();
}

function offer(sound) {
  URL.revokeObjectURL(saved);
  saved = URL.createObjectURL(sound.wav());
  byId("save").href = saved;
  byId("save").hidden = false;
}

function pause(ms, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => { clearTimeout(timer); reject(signal.reason); }, { once: true });
    if (signal?.aborted) reject(signal.reason);
  });
}

// The device

async function watch() {
  let wait = POLL_S;
  for (;;) {
    if (!document.hidden) {
      try {
        await look();
        wait = POLL_S;
        trouble("");
      } catch (error) {
        if (error.code === "invalid_api_key") return lock();
        known = "";
        wait = Math.min(PATIENCE_S, wait * 1.5);
        link("waiting", "not connected");
        trouble(`${shown(error)} This page tries again by itself.`);
      }
    }
    await pause(1000 * wait);
  }
}

async function look() {
  const report = await answer("status");
  const now = JSON.stringify(report.voices.map(voice => [voice.name, voice.bundle]));
  if (now !== known) {
    await listVoices();
    known = now;
    if (byId("lexicon").open) await pronunciations();
  }
  showStatus(report, byId("facts"), byId("warnings"));
  plot.tell(report.latency_ms);
  showPlayback(report);
  byId("locked").hidden = true;
  byId("open").hidden = false;
  link("ready", report.paused ? "paused" : report.speaking ? "speaking" : "ready");
}

function showPlayback({ paused, volume }) {
  byId("pause").textContent = paused ? "Resume" : "Pause";
  byId("pause").setAttribute("aria-pressed", String(paused));
  if (document.activeElement !== byId("loudness")) byId("loudness").value = volume;
  byId("loudness-shown").textContent = `${byId("loudness").value} %`;
}

async function act(type, data) {
  try {
    const said = await answer(type, data);
    if (type === "stop") say(said.ids.length ? `Stopped: ${said.ids.length}.` : "Nothing was to be stopped.");
    else showPlayback(said);
  } catch (error) {
    say(shown(error));
  }
}

function lock() {
  link("waiting", "locked");
  trouble("");
  byId("open").hidden = true;
  byId("locked").hidden = false;
  byId("token").focus();
}

// What is shown

function say(text) {
  byId("state").textContent = text;
}

function shown(error) {
  if (!(error instanceof Refused)) console.error(error);
  return error.message;
}

/** An alert is read aloud at once, so it changes only when it says something else. */
function trouble(text) {
  if (byId("trouble").textContent !== text) byId("trouble").textContent = text;
  byId("trouble").hidden = !text;
}

function link(state, text) {
  byId("link").dataset.state = state;
  byId("link").textContent = text;
}

function showNumbers() {
  byId("speed-shown").textContent = Number(byId("speed").value).toFixed(2);
  byId("volume-shown").textContent = `${Math.round(100 * byId("volume").value)} %`;
  byId("count").textContent = `${Array.from(byId("text").value).length.toLocaleString("en")} of 10,000 characters.`;
}

let explaining = 0;

function explainSoon() {
  clearTimeout(explaining);
  if (!byId("explain").open) return;
  explaining = setTimeout(async () => {
    const { text, voice, language, format } = wish();
    try {
      await explain({ text, voice, language, text_format: format });
    } catch (error) {
      clear(shown(error));
    }
  }, PAUSE_BEFORE_EXPLAINING_MS);
}

// What is pressed

byId("example").append(...Object.keys(EXAMPLES).map(name => make("option", name)));
byId("example").onchange = event => {
  const chosen = EXAMPLES[event.target.value];
  if (!chosen) return;
  [byId("format").value, byId("text").value] = chosen;
  showNumbers();
  explainSoon();
};
byId("speech").oninput = () => { showNumbers(); explainSoon(); };
byId("volume").addEventListener("input", () => {
  if (speaking?.sound) speaking.sound.volume = Number(byId("volume").value);
});
byId("voice").onchange = () => { showChoices(); explainSoon(); };
byId("speech").onsubmit = event => { event.preventDefault(); speak("here"); };
byId("device").onclick = () => speak("there");
byId("stop").onclick = stop;
byId("silence").onclick = () => { stop(); act("stop", { scope: "all" }); };
byId("pause").onclick = () => act(byId("pause").getAttribute("aria-pressed") === "true" ? "resume" : "pause");
byId("loudness").oninput = () => { byId("loudness-shown").textContent = `${byId("loudness").value} %`; };
byId("loudness").onchange = () => act("volume", { percent: Number(byId("loudness").value) });
byId("explain").ontoggle = explainSoon;
byId("lexicon").ontoggle = () => {
  if (byId("lexicon").open) pronunciations().catch(error => { byId("lexicon-state").textContent = shown(error); });
};
byId("unlock").onsubmit = event => {
  event.preventDefault();
  keepToken(byId("token").value.trim());
  byId("token").value = "";
  watch();
};
document.addEventListener("keydown", event => {
  if (event.key === "Escape") stop();
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !byId("open").hidden) speak("here");
});

takeToken();
showNumbers();
watch();
