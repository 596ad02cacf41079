// The text with the word that sounds. Places are characters as the daemon counts them: code points.
"use strict";

export class Caption {
  constructor(box) {
    this.box = box;
    this.parts = ["said", "now", "later"].map(name => {
      const part = document.createElement(name === "now" ? "mark" : "span");
      part.className = name;
      return part;
    });
    box.replaceChildren(...this.parts);
    this.characters = [];
  }

  show(text) {
    this.characters = Array.from(text);
    this.box.hidden = false;
    this.word(0, 0);
    this.box.scrollTop = 0;
  }

  word(start, end) {
    const [said, now, later] = this.parts;
    const text = (from, to) => this.characters.slice(from, to).join("");
    said.textContent = text(0, start);
    now.textContent = text(start, end);
    later.textContent = text(end);
    const { box } = this;
    if (end) box.scrollTop = now.offsetTop - box.offsetTop - box.clientHeight / 2;
  }

  /** The whole of it was heard. */
  end() {
    this.word(this.characters.length, this.characters.length);
  }
}
