"""One exception for everything a learner can put right: its text says what is wrong and what to do."""


class CourseError(Exception):
    """Bad input, a missing file or a setting that does not fit. The message is one clear sentence for the learner."""

    def _render_traceback_(self) -> list[str]:
        # IPython calls this instead of printing thirty lines of stack for a mistake that one sentence explains.
        return [f"{type(self).__name__}: {self}"]
