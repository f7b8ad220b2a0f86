"""The practice LMS is the other side: what it shared with the tool, it could not test."""

import ast
from pathlib import Path

import lti_tool.practice


def test_it_imports_nothing_of_the_tool() -> None:
    names = set()
    for file in Path(lti_tool.practice.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names |= {f"{node.module}.{alias.name}" for alias in node.names}
    ours = {name for name in names if name.partition(".")[0] in ("lti_tool", "xapi", "pylti1p3")}
    assert {name for name in ours if not name.startswith("lti_tool.practice")} == set()
