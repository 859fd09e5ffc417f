"""The notebook of the documentation: every cell runs, in order, and shows what stands in it.

`python tests/test_notebook.py` writes the outputs anew.
"""

import ast
import json
from pathlib import Path

import spinefairbench as sfb

NOTEBOOK = Path(__file__).parents[3] / "docs" / "two_models.ipynb"


def outputs(notebook):
    """The value of each code cell's last line as text, `None` where it ends with no expression."""
    names = {"__name__": "__main__"}
    for cell in notebook["cells"]:
        if cell["cell_type"] != "code":
            continue
        body = ast.parse("".join(cell["source"]), filename=cell["id"]).body
        last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
        exec(compile(ast.Module(body, []), cell["id"], "exec"), names)
        value = eval(compile(ast.Expression(last.value), cell["id"], "eval"), names) if last else None
        yield cell, None if value is None else repr(value)


def shown(text):
    """A cell's outputs, as a notebook holds them."""
    if text is None:
        return []
    data = {"text/plain": text.splitlines(True)}
    return [{"data": data, "execution_count": None, "metadata": {}, "output_type": "execute_result"}]


def test_the_notebook_shows_what_its_cells_give():
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    ran = [(cell["id"], cell["outputs"], shown(text)) for cell, text in outputs(notebook)]
    assert len(ran) >= 7
    for cell, held, found in ran:
        assert held == found, cell


def test_what_a_notebook_draws_is_a_page_with_a_forest_plot(mini):
    artifacts, release = mini
    content = json.loads((artifacts / "metrics" / "core_submission.json").read_text(encoding="utf-8"))
    plan = sfb.Plan(iterations=100)
    score = sfb.score_submission(content, artifacts, release=release, plan=plan)
    content["model"]["name"] = "another"
    comparison = sfb.compare(score, sfb.score_submission(content, artifacts, release=release, plan=plan), plan=plan)
    for drawn in (score._repr_html_(), comparison._repr_html_()):
        assert drawn.startswith("<iframe sandbox=") and "&lt;svg" not in drawn and "<svg" in drawn and "<table" in drawn


if __name__ == "__main__":
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    for cell, text in outputs(notebook):
        cell["outputs"] = shown(text)
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
