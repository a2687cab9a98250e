// One key, one step, click or focus. Typing in a field is never taken for a command.
const WALKS = { j: "j", k: "k", s: "s", ArrowRight: "j", ArrowLeft: "k" };
const WALKING_BUTTONS = { j: ".st-key-x-next", k: ".st-key-x-previous", s: ".st-key-x-skip" };
const CLICKS = {
  "/": () => document.querySelector(".st-key-x-tools input")?.focus(),
  "?": () => document.querySelector(".st-key-x-more button")?.click(),
};
const TYPING = "input, textarea, select, [contenteditable]";
const USE_ARROWS = "[role=tablist], [role=radiogroup], canvas";
const AGAIN_MS = 5000;

let waiting = ""; // pressed, and not told yet
let told = null; // what the page has been told and has not gone yet
let again = null;
let stop = () => {};

// Called anew whenever the page has heard of keys; what the former call listens by is taken away.
export default function ({ data, setTriggerValue }) {
  stop();
  if (told && data.heard === told.number) {
    clearTimeout(again);
    told = null;
  }
  const say = () => {
    setTriggerValue("walked", told);
    again = setTimeout(say, AGAIN_MS);
  };
  const tell = () => {
    if (told || !waiting) return;
    told = { number: Date.now() + Math.random(), keys: waiting };
    waiting = "";
    say();
  };
  const walk = (event, key) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    waiting += key;
    tell();
  };
  const pressed = (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    if (event.target.closest?.(TYPING)) return;
    if (event.key.startsWith("Arrow") && event.target.closest?.(USE_ARROWS)) return;
    if (WALKS[event.key]) walk(event, WALKS[event.key]);
    else if (CLICKS[event.key]) {
      event.preventDefault();
      CLICKS[event.key]();
    }
  };
  const clicked = (event) => {
    for (const [key, place] of Object.entries(WALKING_BUTTONS)) {
      if (event.target.closest?.(`${place} button`)) walk(event, key);
    }
  };
  // before Streamlit, whose shortcuts would click the buttons too
  document.addEventListener("keydown", pressed, true);
  document.addEventListener("click", clicked, true);
  stop = () => {
    document.removeEventListener("keydown", pressed, true);
    document.removeEventListener("click", clicked, true);
  };
  tell();
  return () => {
    stop();
    clearTimeout(again);
    waiting = "";
    told = null;
  };
}
