// Works with the page as a person would, and says what it found; `WORK` holds the input and what the same code gave elsewhere.
(async () => {
  const at = (id) => document.getElementById(id);
  const until = async (done) => {
    for (let turn = 0; turn < 2000; turn += 1) {
      if (done()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`waited too long: ${done}`);
  };
  const same = (found, expected) => (JSON.stringify(found) === JSON.stringify(expected) ? "as here" : found);
  const bytes = (text) => Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
  const facts = {};
  // What the page would save.
  const saved = [];
  const makeUrl = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    saved.push(blob);
    return makeUrl.call(URL, blob);
  };
  Date.prototype.toISOString = () => WORK.now;
  const files = (list) => {
    const transfer = new DataTransfer();
    for (const [name, content] of list) transfer.items.add(new File([content], name));
    return transfer;
  };
  const settled = () => at("scored").children.length > 0 && !at("scored").querySelector(".note");
  const choose = async (list) => {
    saved.length = 0;
    at("files").files = files(list).files;
    at("files").dispatchEvent(new Event("change"));
    await until(() => at("scored").querySelector(".note"));
    await until(settled);
  };
  try {
    await until(() => document.documentElement.dataset.ready === "true");
    const before = at("explained").textContent;
    for (const [index, id] of ["source", "counterfactual"].entries()) {
      at(id).value = WORK.reports[index];
      at(id).dispatchEvent(new Event("input"));
    }
    await until(() => at("explained").textContent !== before);
    const { pair, marked } = WORK.explained;
    facts.reasons = same([...at("reasons").children].map((item) => item.textContent), pair.reasons);
    const marks = [marked.source, marked.counterfactual].flat().filter(([, kind]) => kind);
    const shown = [...at("explained").querySelectorAll("mark")];
    facts.marks = same(shown.map((mark) => [mark.textContent, mark.className, mark.title]), marks);
    facts.rules = [pair.source, pair.counterfactual].flatMap((report) => report.marks)
      .filter((mark) => mark.registry === "refusal" && at("explained").textContent.includes(`${mark.matched} (`)).length;
    facts.owned = document.title === "owned" || at("explained").querySelector("b, script") !== null;

    const lists = WORK.lists.map(({ name, bytes: content }) => [name, bytes(content)]);
    const drop = new DragEvent("drop", { dataTransfer: files(lists), bubbles: true, cancelable: true });
    document.body.dispatchEvent(drop);
    await until(settled);
    facts.alone = at("scored").textContent;
    facts.scores = [];
    for (const { name, bytes: content, answer } of WORK.scores) {
      await choose([["submission.json", bytes(content)]]);
      const frame = at("scored").querySelector("iframe");
      const file = saved.length ? await saved[0].text() : at("scored").textContent;
      facts.scores.push([name, file === answer.file ? "file as here" : file.slice(0, 2000),
        frame?.srcdoc === answer.page ? "page as here" : "another page"]);
    }
    await choose([["submission.json", "{}"]]);
    facts.refused = at("scored").querySelector(".caution li") ? "a submission has problems" : at("scored").textContent;
  } catch (error) {
    facts.error = String(error);
  }
  console.log(LAST + JSON.stringify(facts));
})();
