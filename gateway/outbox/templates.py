"""Which template stands for a reply, where a provider sends none but templates it has approved."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from gateway.kinds import Options, Shown
from gateway.outbox.letter import Letter
from gateway.outbox.sender import Unsendable
from tally.outcome import MessageOutcome

Parameter = Literal["text", "candidate", "contest", "code"]


class TemplateOptions(Options):
    """Options of a sender that fills templates in."""

    templates: Annotated[dict[MessageOutcome, str], Shown("templates by outcome")] = Field(
        default_factory=dict, description="the template for each outcome"
    )
    template: Annotated[str, Shown(unset="none")] = Field(
        default="", description="the template for every outcome that has none of its own"
    )
    parameters: tuple[Parameter, ...] = Field(
        default=(), description="the templates' variables, in their order"
    )

    @model_validator(mode="after")
    def _some(self) -> Self:
        if not (self.template or self.templates):
            raise ValueError("name a template, or templates by outcome")
        return self

    def template_for(self, letter: Letter) -> str:
        """Raises `Unsendable` if the reply's outcome has no template."""
        found = self.templates.get(MessageOutcome(letter.outcome), self.template)
        if not found:
            raise Unsendable("no_template")
        return found

    def filling(self, letter: Letter) -> dict[str, str]:
        """The parameters' values, in their order."""
        return {name: str(getattr(letter, name)) for name in self.parameters}
