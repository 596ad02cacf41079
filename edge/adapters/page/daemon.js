// The daemon's messages over HTTP, with the token: docs/use/page.md.
"use strict";

const KEY = "edge-voice-token";

/** What the daemon or `edge http` refused, in their words; `code` is for programs. */
export class Refused extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** Take the token out of the address, where no history and no bookmark keeps it. */
export function takeToken() {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (!given) return;
  keepToken(decodeURIComponent(given[1]));
  history.replaceState(null, "", location.pathname);
}

export function keepToken(token) {
  sessionStorage.setItem(KEY, token);
}

/** Yield the answers to one request as they come; what it asked for ends when nobody takes them. */
export async function* ask(type, data = {}, signal = undefined) {
  const response = await sent(type, data, signal);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read().catch(error => { throw lost(error); });
      if (done) return;
      const lines = (rest + value).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const message = JSON.parse(line);
        if (message.type === "error") {
          throw new Refused(`${message.data.text}. ${message.data.remedy}`, message.data.code);
        }
        yield message;
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** The one answer to a request that has one. */
export async function answer(type, data = {}) {
  for await (const message of ask(type, data)) return message.data;
  throw lost(null);
}

async function sent(type, data, signal) {
  const headers = { "Content-Type": "application/json" };
  const token = sessionStorage.getItem(KEY);
  if (token) headers.Authorization = `Bearer ${token}`;
  let response;
  try {
    response = await fetch(`messages/${type}`, {
      method: "POST", headers, signal, body: JSON.stringify(data), cache: "no-store",
      credentials: "omit", redirect: "error",
    });
  } catch (error) {
    throw lost(error);
  }
  if (response.ok) return response;
  const { error } = await response.json().catch(() => ({ error: { message: "no answer" } }));
  throw new Refused(error.message, error.code);
}

function lost(error) {
  if (error?.name === "AbortError") return error;
  return new Refused("edge http does not answer. Start it again: edge http", "no-door");
}
