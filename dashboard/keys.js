// One key, one click or focus. Typing in a field is never taken for a command.
const BY_KEY = {
  "/": () => document.querySelector(".st-key-x-tools input")?.focus(),
  "?": () => document.querySelector(".st-key-x-more button")?.click(),
  ArrowRight: () => document.querySelector(".st-key-x-next button")?.click(),
  ArrowLeft: () => document.querySelector(".st-key-x-previous button")?.click(),
};

export default function () {
  const pressed = (event) => {
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.altKey) return;
    const at = event.target;
    if (at.closest?.("input, textarea, select, [contenteditable], [role=tablist], canvas, [role=radiogroup]")) return;
    const act = BY_KEY[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  document.addEventListener("keydown", pressed);
  return () => document.removeEventListener("keydown", pressed);
}
