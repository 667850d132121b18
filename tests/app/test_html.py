from __future__ import annotations

from app.components import Html, h, join


def test_text_and_attributes_are_escaped() -> None:
    made = h("p", "<script>alert('x')</script>", title='a "quoted" <b>')
    assert "<script>" not in made
    assert made == (
        '<p title="a &#34;quoted&#34; &lt;b&gt;">&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;</p>'
    )


def test_elements_are_not_escaped_again() -> None:
    assert h("p", h("b", "x"), [h("i", "y"), "z"]) == "<p><b>x</b><i>y</i>z</p>"


def test_nothing_is_left_of_none_and_false_but_zero_stays() -> None:
    assert join(None, False, 0, "") == "0"
    assert h("input", hidden=None, checked=False, value=0, required=True) == '<input value="0" required>'


def test_names_of_attributes() -> None:
    assert (
        h("label", for_="a", class_="b", aria_label="c") == '<label for="a" class="b" aria-label="c"></label>'
    )


def test_result_is_html() -> None:
    assert isinstance(join("a", "b"), Html)
