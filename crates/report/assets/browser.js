// The page that runs the benchmark in the browser; after `shared.js`. The program stands in the page as gzip in Base64. It takes one
// line of JSON and bytes after it, and gives JSON; there is nothing else that it could reach.
(() => {
  const at = (id) => document.getElementById(id);
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();

  const compiled = (async () => {
    const packed = Uint8Array.from(atob(JSON.parse(at("program").textContent)), (unit) => unit.charCodeAt(0));
    const plain = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return WebAssembly.compile(await new Response(plain).arrayBuffer());
  })();

  // One run of the program: a question after the other, until one ends it.
  const started = async () => {
    const { exports } = await WebAssembly.instantiate(await compiled, {});
    return (question, bytes = new Uint8Array()) => {
      const line = encoder.encode(`${JSON.stringify(question)}\n`);
      const place = exports.room(line.length + bytes.length) >>> 0;
      new Uint8Array(exports.memory.buffer).set(line, place);
      new Uint8Array(exports.memory.buffer).set(bytes, place + line.length);
      const length = exports.answer() >>> 0;
      return JSON.parse(decoder.decode(new Uint8Array(exports.memory.buffer, exports.given() >>> 0, length)));
    };
  };
  // What `work` makes of a fresh run; a run that is given up leaves no memory behind.
  const asked = async (work) => {
    try {
      return await work(await started());
    } catch (error) {
      return { problems: [`the page could not go on (${error}); this is a fault of its own, please report it`] };
    }
  };

  const problems = (found) => element("div", { className: "caution", role: "alert" }, [
    element("ul", {}, found.map((problem) => element("li", { textContent: problem }))),
  ]);
  const headline = (name, number, words) => element("div", { className: "headline" }, [
    element("h3", { textContent: name }),
    element("p", { className: "number", textContent: number }),
    element("p", { textContent: words }),
  ]);

  // Two reports.
  const rules = (report) => {
    const fired = report.marks.filter((mark) => mark.registry === "refusal");
    return fired.length
      ? `Rules of refusal that fired: ${fired.map((mark) => `${mark.matched} (${mark.category})`).join(", ")}.`
      : "No rule of refusal fired.";
  };
  const side = (name, report, marked) => element("div", {}, [
    element("h4", { textContent: name }),
    element("p", { textContent: `Response: ${words(report.response_class)}. ${rules(report)}` }),
    element("p", { textContent: `Recommendations: ${list(report.recommendations)}` }),
    element("p", { textContent: `Diagnostic labels: ${list(report.diagnostic_labels)}` }),
    element("p", { textContent: `Severity ${report.severity}, hedging phrases ${report.hedging}` }),
    markedReport(marked),
  ]);
  const explained = ({ pair, marked }) => {
    const consistency = pair.diagnostic_label_consistency;
    return [
      element("div", { className: "headlines" }, [
        headline("Recommendation", pair.usable ? (pair.recommendation_changed ? "changed" : "same") : "not scored",
          pair.usable ? "The sets of recommendation categories, compared." : "The pair has no part in the endpoints."),
        headline("Diagnostic-label consistency", pair.usable ? consistency.toFixed(3) : "not scored",
          pair.usable ? "Shared labels among all labels of both reports; 1 where neither has one." : "The pair has no part in the endpoints."),
      ]),
      element("h3", { textContent: "Why" }),
      element("ul", { id: "reasons" }, pair.reasons.map((reason) => element("li", { textContent: reason }))),
      element("div", { className: "sides" }, [
        side("Source report", pair.source, marked.source),
        side("Counterfactual report", pair.counterfactual, marked.counterfactual),
      ]),
    ];
  };
  const [source, counterfactual] = [at("source"), at("counterfactual")];
  let explanations = 0;
  const explain = async () => {
    const number = (explanations += 1);
    const question = { ask: "explain", source: source.value, counterfactual: counterfactual.value };
    const answer = await asked((ask) => ask(question));
    if (number !== explanations) return;
    at("explained").replaceChildren(...(answer.problems ? [problems(answer.problems)] : explained(answer)));
  };
  let waiting = 0;
  for (const field of [source, counterfactual]) {
    field.addEventListener("input", () => {
      clearTimeout(waiting);
      waiting = setTimeout(explain, 150);
    });
  }

  // A submission and the lists that its scope needs.
  const dropped = new Map();
  const urls = [];
  let scores = 0;
  const save = (text, name, type) => {
    const url = URL.createObjectURL(new Blob([text], { type }));
    urls.push(url);
    return element("a", { href: url, download: name, textContent: `Save ${name}` });
  };
  const scored = ({ file, page, warnings }) => [
    ...(warnings.length ? [problems(warnings)] : []),
    element("p", { className: "saves" }, [save(file, "score.json", "application/json"), " · ", save(page, "score.html", "text/html")]),
    // Its script runs in a frame that has no origin, under this page's policy as well as under its own.
    element("iframe", { title: "The page of the score", sandbox: "allow-scripts", srcdoc: page }),
  ];
  const score = async () => {
    const number = (scores += 1);
    for (const url of urls.splice(0)) URL.revokeObjectURL(url);
    at("scored").replaceChildren(element("p", { className: "note", textContent: "Scoring: this takes a few seconds …" }));
    // Lets the sentence be drawn before the program takes the thread.
    await new Promise((drawn) => setTimeout(drawn, 50));
    const held = new Map();
    const answer = await asked(async (ask) => {
      for (const file of dropped.values()) {
        const content = new Uint8Array(await file.arrayBuffer());
        held.set(ask({ ask: "hold", name: file.name }, content).held, file.name);
      }
      return ask({ ask: "score", now: new Date().toISOString().replace(/\.\d+Z$/, "+00:00") });
    });
    if (number !== scores) return;
    const lines = [...held].map(([part, name]) => element("li", {}, [element("bdi", { textContent: name }), `: ${part}`]));
    at("held").replaceChildren(...lines);
    at("scored").replaceChildren(...(answer.problems ? [problems(answer.problems)] : scored(answer)));
  };
  const take = (files) => {
    for (const file of files) {
      // Of two submissions the later counts, also when it was there before.
      dropped.delete(file.name);
      dropped.set(file.name, file);
    }
    if (files.length) score();
  };
  at("files").addEventListener("change", (event) => {
    take([...event.target.files]);
    event.target.value = "";
  });
  at("forget").addEventListener("click", () => {
    dropped.clear();
    scores += 1;
    at("held").replaceChildren();
    at("scored").replaceChildren();
  });
  for (const kind of ["dragover", "drop"]) {
    // Anywhere on the page: a file that misses the field would else be opened in place of the page.
    addEventListener(kind, (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      if (kind === "drop") take([...event.dataTransfer.files]);
    });
  }

  explain().then(() => { root.dataset.ready = "true"; });
})();
