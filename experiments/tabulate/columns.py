"""What the columns of the open table mean."""

from __future__ import annotations

FUNCTIONS = {
    "function": "what `actfn.get` takes: a catalog name, or the form",
    "form": "text of the canonical form; equal functions have one",
    "latex": "LaTeX of the form",
    "set": "`catalog`, `one-unit` or `two-unit`, the first it belongs to",
    "names": "its names in the catalog",
    "initial": "first values of the parameters in the order of the catalog's "
    "formula; all 1 if empty",
    "units": "core units it takes: 1, 2, or none if it has a name and no unit "
    "says it",
    "strings": "token strings of the space of one core unit that denote the "
    "form, of 6,250",
    "operators": "distinct operators of the form",
    "operations": "operations of the form, equal ones counted once",
    "parameters": "trainable parameters",
    "domain": "where it is defined",
    "range": "its values",
    "left": "limit at minus infinity: a number, infinity, -infinity, none or "
    "undefined",
    "right": "limit at infinity",
    "left_slope": "limit of the slope at minus infinity",
    "right_slope": "limit of the slope at infinity",
    "monotone": "`rising`, `falling`, `constant` or `no`",
    "periodic": "whether sin, cos or sinc is among its operators",
    "division": "whether a quotient or reciprocal is among its operators",
    "raw_x": "whether the last operation of two or more arguments takes x "
    "itself, sums and products taken as a whole",
    "exact": "form with each a / b, which is a / (b + 1e-6), as an exact "
    "quotient; none without division",
    "parity": "`even`, `odd` or `neither`",
    "zero_at_zero": "whether f(0) = 0",
    "lipschitz": "largest absolute slope on [-20, 20], on a grid; none if it "
    "is not finite",
    "normal_mean": "mean of f(x) for x of the standard normal distribution; "
    "none if it is not finite",
    "normal_variance": "variance of f(x) likewise",
    "normal_slope_square": "mean of f'(x)^2 likewise",
    "criticality": "2 E f'(s x)^2 with the s^2 that 2 E f(s x)^2 comes to, "
    "from 1 on: how gradients grow from layer to layer with He's weights "
    "(arXiv:1611.01232); none if it has not settled after 100 layers",
    "values": "f at the quantiles (k + 1/2) / 32, k from 0, of the standard "
    "normal distribution",
}

RUNS = {
    "task": "its name",
    "function": "as in functions",
    "setting": "digest of the task's setting, which tasks.json has",
    "run": "number of the seed, from 0; of one seed for all functions",
    "seed": "of first weights and the order of the data",
    "status": "`completed`; `diverged`, a loss or score was not finite; or "
    "`rejected`, given up before training",
    "reason": "why it did not complete",
    **{
        f"loss_{n}": f"mean training loss in tenth {n} of the steps"
        for n in range(1, 11)
    },
    "score": "the task's score on held-out data, in its unit; none if not "
    "completed",
    "psnr": "decibels on held-out pixels (implicit)",
    "loss": "held-out loss (implicit, text, image)",
    "error": "relative L2 error of the solution (physics)",
    "accuracy": "share of held-out images (image)",
    "area": "mean of the training loss over all steps",
    "gradient_norm": "norm of the gradient of all weights before training, on "
    "the first batch; none but of run 0",
    "snip": "sum of abs(gradient x weight) likewise (arXiv:1810.02340)",
    "seconds": "processor time of building, training and scoring, and for run "
    "0 of the signs of the untrained",
    "versions": "of what may change a result",
    "machine": "processor, and how many cores were in use",
}

SUMMARY = {
    "function": "as in functions",
    "task": "its name",
    "runs": "how many",
    "mean": "of the score; a run that did not complete has the floor",
    "deviation": "standard deviation over the runs; none for one run",
    "first": "score of the seed that all functions share",
    "rank": "by the mean, 1 the best; equal means share one",
    "diverged": "how many runs did not complete",
}
