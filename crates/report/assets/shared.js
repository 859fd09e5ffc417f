"use strict";
// What every page has: the theme, printing, and the making of elements. Works on text alone: every value becomes a text node or a
// property, never markup.
const { element, list, markedReport, root, words } = (() => {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  theme.hidden = false;
  theme.addEventListener("click", () => {
    const prefersDark = matchMedia("(prefers-color-scheme: dark)").matches;
    const isDark = root.dataset.theme ? root.dataset.theme === "dark" : prefersDark;
    root.dataset.theme = isDark ? "light" : "dark";
  });

  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not([open])")];
    for (const details of opened) details.open = true;
  });
  addEventListener("afterprint", () => {
    for (const details of opened) details.open = false;
  });

  const element = (name, properties = {}, children = []) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
      if (key.startsWith("aria-") || key === "colspan" || key === "scope") made.setAttribute(key, value);
      else made[key] = value;
    }
    made.append(...children);
    return made;
  };
  const words = (name) => name.replaceAll("_", " ");
  const list = (names) => (names.length ? names.map(words).join(", ") : "none");
  const markedReport = (segments) => {
    const report = element("div", { className: "report", tabIndex: 0 });
    for (const [text, kind, label] of segments) {
      report.append(kind ? element("mark", { className: kind, title: label, textContent: text }) : text);
    }
    return report;
  };
  return { element, list, markedReport, root, words };
})();
