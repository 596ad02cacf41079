// How a text is read, and the owner's own pronunciations.
"use strict";

import { answer } from "./daemon.js";
import { make, row } from "./status.js";

const byId = id => document.getElementById(id);
const visible = text => text.replaceAll("\n", "⏎");
const MOST = 2000; // characters that the daemon explains at a time

/** Show what becomes of a text. Returns when it is there. Throws Refused. */
export async function explain(wish) {
  const state = byId("explain-state");
  const { text } = wish;
  if (!text.trim()) return clear("Type a text above.");
  if (Array.from(text).length > MOST) return clear(`At most ${MOST.toLocaleString("en")} characters are explained.`);
  const said = await answer("explain", wish);
  state.textContent = said.changes.length
    ? `${said.voice} reads these otherwise than they are written: ${said.changes.length}.`
    : `${said.voice} reads it as it is written.`;
  byId("changes").hidden = !said.changes.length;
  byId("changes-rows").replaceChildren(...said.changes.map(change =>
    row([visible(change.written), visible(change.said) || "(nothing)", change.rule])));
  byId("sentences").replaceChildren(...said.sentences.map(({ text, phonemes }) => {
    const item = make("li", visible(text));
    if (phonemes) item.append(Object.assign(make("span", phonemes), { className: "phonemes", lang: "und-fonipa" }));
    return item;
  }));
  warn([...said.breaks.map(b => `Character ${b.place}: silence of ${b.seconds} s.`), ...said.warnings]);
}

export function clear(why) {
  byId("explain-state").textContent = why;
  byId("changes").hidden = true;
  byId("changes-rows").replaceChildren();
  byId("sentences").replaceChildren();
  warn([]);
}

function warn(sentences) {
  byId("explain-warnings").replaceChildren(...sentences.map(s => make("li", s)));
  byId("explain-warnings").hidden = !sentences.length;
}

const WRITTEN = { say: "letters", ipa: "IPA", phonemes: "the voice's phonemes" };

/** Show the owner's words. Throws Refused. */
export async function pronunciations() {
  const entries = [];
  for (;;) {
    const page = await answer("pronunciations", { first: entries.length });
    entries.push(...page.entries);
    if (!page.entries.length || entries.length >= page.total) break;
  }
  const filter = byId("lexicon-filter");
  const show = () => {
    const wanted = filter.value.trim().toLowerCase();
    const found = entries.filter(e => `${e.word} ${e.said}`.toLowerCase().includes(wanted));
    byId("lexicon-rows").replaceChildren(...found.map(e => row([e.word, e.said, WRITTEN[e.kind], e.language])));
    byId("lexicon-state").textContent = entries.length
      ? `${found.length} of ${entries.length} words` : "No word of yours is there yet.";
  };
  filter.oninput = show;
  byId("lexicon-found").hidden = !entries.length;
  show();
}
