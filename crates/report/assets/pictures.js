// The gallery of a batch; after `shared.js`. A page of thumbnails at a time, so that the browser holds few pictures.
(() => {
  const PAGE = 48;
  const rows = JSON.parse(document.getElementById("pictures-data").textContent);
  const [gallery, search, edit, outcome, previous, next, status, filters, pager, note] =
    ["gallery", "search", "edit", "outcome", "previous", "next", "status", "filters", "pager", "static"]
      .map((name) => document.getElementById(`pictures-${name}`));
  for (const name of [...new Set(rows.map((row) => row.edit))].sort()) edit.append(new Option(name, name));

  const card = (row) => element("figure", { className: "picture" }, [
    row.strip
      ? element("img", { src: row.strip, alt: `Counterfactual of ${row.id}` })
      : element("p", { className: "absent", textContent: "no picture was kept" }),
    element("figcaption", {}, [
      element("span", { className: "id", textContent: row.id }),
      element("span", { className: row.passed ? "new" : "gone", textContent: row.passed ? " passed" : " failed" }),
      element("br"),
      row.words,
    ]),
  ]);

  let shown = rows;
  let page = 0;
  const draw = () => {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    const from = page * PAGE;
    const visible = shown.slice(from, from + PAGE);
    gallery.replaceChildren(...visible.map(card));
    const number = (value) => value.toLocaleString("en-US");
    status.textContent = visible.length
      ? `${number(from + 1)} to ${number(from + visible.length)} of ${number(shown.length)}`
      : "No pair matches";
    previous.disabled = page === 0;
    next.disabled = page >= pages - 1;
  };
  const select = () => {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    shown = rows.filter((row) =>
      terms.every((term) => row.id.toLowerCase().includes(term)) &&
      (!edit.value || row.edit === edit.value) &&
      (!outcome.value || row.passed === (outcome.value === "passed")));
    page = 0;
    draw();
  };
  search.addEventListener("input", select);
  for (const control of [edit, outcome]) control.addEventListener("change", select);
  const turn = (step) => {
    page += step;
    draw();
    gallery.scrollIntoView({ block: "start" });
  };
  previous.addEventListener("click", () => turn(-1));
  next.addEventListener("click", () => turn(1));
  filters.hidden = false;
  pager.hidden = false;
  note.hidden = true;
  root.dataset.ready = "true";
  draw();
})();
