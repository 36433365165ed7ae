"""The LaTeX commands that abstracts and titles use outside of formulas.

Owns: their names and what each is. Refuses: those that authors made up (`\\method`, `\\ours`); they stay.
"""

from __future__ import annotations

import re

GREEK = (
    "varepsilon|varphi|alpha|beta|gamma|delta|epsilon|zeta|eta|theta|iota|kappa|lambda|mu|nu|xi|pi|rho|sigma|tau|phi"
    "|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Pi|Sigma|Phi|Psi|Omega"
)
STYLES = frozenset(
    """textit textbf emph texttt textsc textrm textsf textsl textup textmd textnormal text mbox hbox underline
    uline""".split()  # noqa: SIM905
)
WORDS = {
    **{"eg": "e.g.", "ie": "i.e.", "etc": "etc.", "etal": "et al.", "vs": "vs.", "wrt": "w.r.t.", "cf": "cf."},
    **{"LaTeX": "LaTeX", "TeX": "TeX", "textendash": "–", "textemdash": "—", "deg": "°", "textdegree": "°"},
    **{"textgreater": ">", "textless": "<", "textbar": "|", "dots": "…", "ldots": "…", "textellipsis": "…"},
    **{"textquoteright": "’", "textquotedblleft": "“", "textquotedblright": "”", "texttrademark": "™"},
    **dict.fromkeys(("newline", "quad"), " "),
    **dict.fromkeys(("xspace", "noindent", "nobreakdash", "allowbreak", "nolinebreak"), ""),
}
CITATIONS = frozenset("cite citep citet citealp citealt citeauthor parencite textcite autocite".split())  # noqa: SIM905
FORMULAS = {
    **dict.fromkeys(re.findall(r"\w+", GREEK), 0),
    **dict.fromkeys(
        """times sim approx pm mp leq geq le ge neq ne ll gg infty to rightarrow leftarrow Rightarrow mapsto
        leftrightarrow cdot propto in notin subset subseteq cup cap ell log ln exp max min argmax argmin sum prod
        int nabla partial forall exists wedge vee circ star dagger equiv simeq cong langle rangle lceil rceil
        lfloor rfloor cdots mid oplus otimes emptyset""".split(),  # noqa: SIM905
        0,
    ),
    **dict.fromkeys(
        """mathcal mathbb mathbf mathrm mathit mathsf mathtt mathfrak mathscr boldsymbol bm operatorname sqrt hat
        tilde bar widehat widetilde overline vec dot ensuremath""".split(),  # noqa: SIM905
        1,
    ),
    **{"frac": 2, "tfrac": 2, "dfrac": 2},
}
"""Commands of formulas that also stand outside of them, and how many arguments they take."""
FUNCTIONS = frozenset({"log", "ln", "exp", "max", "min", "argmax", "argmin"})
RELATIONS = frozenset("≈≤≥≠≪≫→←∝∈∉⊂⊆≡≃≅")
