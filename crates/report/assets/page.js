// The tables of a page; after `shared.js`.
(() => {
  // Tables that stand in the page: a button in each heading sorts by the column.
  const compareTexts = new Intl.Collator("en", { numeric: true }).compare;
  const sortKey = (row, column) => {
    const cell = row.cells[column];
    return cell.dataset.value ?? cell.textContent;
  };
  for (const table of document.querySelectorAll("table.sortable")) {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((heading, column) => {
      const button = element("button", { type: "button" }, [...heading.childNodes]);
      heading.append(button);
      heading.setAttribute("aria-sort", "none");
      button.addEventListener("click", () => {
        const direction = heading.getAttribute("aria-sort") === "ascending" ? -1 : 1;
        for (const other of table.tHead.rows[0].cells) other.setAttribute("aria-sort", "none");
        heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
        const isNumber = heading.classList.contains("n");
        const rows = [...body.rows].map((row) => [sortKey(row, column), row]);
        rows.sort(([left], [right]) => {
          if (!isNumber) return direction * compareTexts(left, right);
          const [a, b] = [parseFloat(left), parseFloat(right)];
          if (Number.isNaN(a) || Number.isNaN(b)) return Number.isNaN(a) - Number.isNaN(b);
          return direction * (a - b);
        });
        body.append(...rows.map(([, row]) => row));
      });
    });
  }

  const block = document.getElementById("pairs-data");
  if (!block) return;
  const data = JSON.parse(block.textContent);
  const PAGE = 50;
  const COLUMNS = 6;
  // A row: id, source, edit, dataset, classes of both sides, changed (1, 0, -1 for an unusable pair), Jaccard or null,
  // recommendations of both sides, labels of both sides; names are numbers into `names`.
  const pairs = data.rows.map((row, order) => {
    const [id, source, edit, dataset, sourceClass, counterfactualClass, changed, jaccard, ...sets] = row;
    const classes = [data.names.classes[sourceClass], data.names.classes[counterfactualClass]];
    const [recommendations, labels] = [sets.slice(0, 2), sets.slice(2, 4)].map((sides, kind) =>
      sides.map((side) => side.map((index) => data.names[kind === 0 ? "recommendations" : "labels"][index])));
    const pair = { id, source, edit: data.names.edits[edit], dataset: data.names.datasets[dataset], classes, changed,
      jaccard, recommendations, labels, order };
    const texts = [id, source, pair.edit, ...classes, ...recommendations.flat(), ...labels.flat()];
    pair.haystack = texts.map((text) => `${text} ${words(text)}`).join(" ").toLowerCase();
    return pair;
  });

  const table = document.getElementById("pairs-table");
  const body = table.tBodies[0];
  const status = document.getElementById("pairs-status");
  const [previous, next] = ["pairs-previous", "pairs-next"].map((id) => document.getElementById(id));
  const filters = document.getElementById("pairs-filters");
  const [search, edit, dataset, outcome] =
    ["search", "edit", "dataset", "outcome"].map((name) => document.getElementById(`pairs-${name}`));
  for (const [select, values] of [[edit, data.names.edits], [dataset, data.names.datasets]]) {
    // Ids of another form than the benchmark's could give a list that no one can use.
    if (values.length > 30) select.parentElement.hidden = true;
    else values.forEach((value) => select.append(element("option", { value, textContent: words(value) })));
  }
  const expanded = new Set();
  let shown = pairs;
  let page = 0;
  let sorting = { key: "order", direction: 1 };

  const keyOf = {
    order: (pair) => pair.order,
    id: (pair) => pair.id,
    edit: (pair) => pair.edit,
    classes: (pair) => pair.classes.join(" "),
    changed: (pair) => (pair.changed < 0 ? null : pair.changed),
    jaccard: (pair) => pair.jaccard,
  };
  const compare = (left, right) => {
    const [a, b] = [keyOf[sorting.key](left), keyOf[sorting.key](right)];
    // What has no value stands last in either direction.
    if (a === null || b === null) return (a === null) - (b === null) || left.order - right.order;
    return sorting.direction * (a < b ? -1 : a > b ? 1 : 0) || left.order - right.order;
  };

  const difference = ([before, after]) => {
    const lost = before.filter((name) => !after.includes(name));
    const gained = after.filter((name) => !before.includes(name));
    const kept = before.length - lost.length;
    const parts = [
      ...lost.map((name) => element("span", { className: "gone", textContent: `− ${words(name)}` })),
      ...gained.map((name) => element("span", { className: "new", textContent: `+ ${words(name)}` })),
    ];
    if (parts.length === 0) return [element("span", { className: "kept", textContent: kept ? `${kept} kept` : "none" })];
    if (kept) parts.push(element("span", { className: "kept", textContent: `${kept} kept` }));
    return parts;
  };

  const detail = (pair) => {
    const reports = Object.hasOwn(data.reports, pair.id) ? data.reports[pair.id] : null;
    const sides = ["source", "counterfactual"].map((side, index) => {
      const parts = [
        element("h4", { textContent: index ? "Counterfactual report" : "Source report" }),
        element("p", { textContent: `Response: ${words(pair.classes[index])}` }),
      ];
      if (pair.changed >= 0) {
        parts.push(element("p", { textContent: `Recommendations: ${list(pair.recommendations[index])}` }));
        parts.push(element("p", { textContent: `Diagnostic labels: ${list(pair.labels[index])}` }));
      }
      if (reports) parts.push(markedReport(reports[side]));
      return element("div", {}, parts);
    });
    const cell = element("td", { colspan: COLUMNS }, [
      element("p", { className: "note", textContent: `Source ${pair.source}, dataset ${pair.dataset}` }),
      element("div", { className: "sides" }, sides),
    ]);
    return element("tr", { className: "detail" }, [cell]);
  };

  // The id with a place to break the line before the edit.
  const breakable = (id) => {
    const at = id.lastIndexOf("__") + 2;
    return at < 2 ? [id] : [id.slice(0, at), element("wbr"), id.slice(at)];
  };
  const cells = (pair) => {
    const expand = element("button", { type: "button", className: "expand",
      "aria-expanded": String(expanded.has(pair.id)) }, breakable(pair.id));
    expand.addEventListener("click", () => {
      if (!expanded.delete(pair.id)) expanded.add(pair.id);
      draw();
      [...body.querySelectorAll(".expand")].find((button) => button.textContent === pair.id)?.focus();
    });
    const isUsable = pair.changed >= 0;
    const responses = pair.classes[0] === pair.classes[1] ? pair.classes[0] : pair.classes.join(" → ");
    const recommendation = isUsable ? difference(pair.recommendations) : ["not scored"];
    return [
      element("td", {}, [expand]),
      element("td", { className: "wide", textContent: words(responses) }),
      element("td", { className: "nowrap", textContent: isUsable ? (pair.changed ? "changed" : "same") : "–" }),
      element("td", { className: "n", textContent: pair.jaccard === null ? "–" : pair.jaccard.toFixed(3) }),
      element("td", { className: "wide sets" }, recommendation),
      element("td", { className: "wide sets" }, isUsable ? difference(pair.labels) : []),
    ];
  };

  const draw = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    page = Math.min(page, pages - 1);
    const visible = shown.slice(page * PAGE, (page + 1) * PAGE);
    const rows = visible.flatMap((pair) => {
      const row = element("tr", {}, cells(pair));
      return expanded.has(pair.id) ? [row, detail(pair)] : [row];
    });
    body.replaceChildren(...rows);
    const number = (value) => value.toLocaleString("en-US");
    const from = shown.length ? page * PAGE + 1 : 0;
    const total = shown.length === pairs.length ? "pairs" : `matching of ${number(pairs.length)} pairs`;
    status.textContent = shown.length
      ? `${number(from)} to ${number(from + visible.length - 1)} of ${number(shown.length)} ${total}`
      : "No pair matches";
    previous.disabled = page === 0;
    next.disabled = page >= pages - 1;
  };
  const select = () => {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = pairs.filter((pair) =>
      terms.every((term) => pair.haystack.includes(term)) &&
      (!edit.value || pair.edit === edit.value) &&
      (!dataset.value || pair.dataset === dataset.value) &&
      (!outcome.value || outcome.value === String(pair.changed)));
    shown.sort(compare);
    page = 0;
    draw();
  };

  for (const heading of table.tHead.rows[0].cells) {
    const key = heading.dataset.key;
    if (!key) continue;
    const button = element("button", { type: "button" }, [...heading.childNodes]);
    heading.append(button);
    heading.setAttribute("aria-sort", "none");
    button.addEventListener("click", () => {
      const direction = sorting.key === key ? -sorting.direction : key === "changed" ? -1 : 1;
      sorting = { key, direction };
      for (const other of table.tHead.rows[0].cells) {
        if (other.hasAttribute("aria-sort")) other.setAttribute("aria-sort", "none");
      }
      heading.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
      select();
    });
  }
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(select, 120);
  });
  for (const control of [edit, dataset, outcome]) control.addEventListener("change", select);
  const turn = (step) => {
    page += step;
    draw();
  };
  previous.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  filters.hidden = false;
  document.getElementById("pairs-pager").hidden = false;
  document.getElementById("pairs-static").hidden = true;
  root.dataset.ready = "true";
  select();
})();
