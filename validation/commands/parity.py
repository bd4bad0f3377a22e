"""What `python -m validation parity` prints."""

from __future__ import annotations

from argparse import Namespace

from reference.command_line import working

from ..artifact import References
from ..checks.parity import parity
from ..checks.pictures import named
from ..reporting.formats import diagnoses
from ..reporting.page import Page
from ..reporting.page.examples import worst_of_parity
from ..reporting.page.plot_data import histograms, profiles
from ..reporting.tables import judged, show
from ..results import exit_code
from ..runtimes import Options
from .reports import about, write_reports


def run(arguments: Namespace) -> int:
    """Compare, print, write JSON where asked to; returns the exit code."""
    names, images = named(arguments.images, arguments.golden)
    options = Options(arguments.threads, arguments.compute_units, arguments.arm_processor)
    references = References(arguments.checkpoint, arguments.revision)
    with working("comparing with the reference", arguments.verbose):
        results = parity(
            arguments.artifacts,
            images=images,
            golden=arguments.golden,
            checkpoint=references,
            runtimes=arguments.runtime,
            options=options,
        )
    show(judged(results, "parity", arguments.verbose), *diagnoses(results))

    def page() -> Page:
        with working("drawing", arguments.verbose):
            layers = []
            if arguments.golden is None:  # else it must do without the checkpoint
                layers = profiles(images[0], results, checkpoint=references, options=options)
            return Page(
                "parity",
                results,
                histograms=histograms(results),
                profiles=layers,
                examples=worst_of_parity(results, images, names),
                about=about(f"{len(images)}"),
            )

    write_reports(arguments, results, "parity", page)
    return exit_code(results, arguments.require)
