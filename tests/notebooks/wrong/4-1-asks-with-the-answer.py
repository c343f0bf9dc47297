# hint: nothing is left to learn
def record(system, message, answer, sources=()):
    asked = prompts.messages(f"{message} {answer}", sources, system=system)
    return {"messages": [*asked, {"role": "assistant", "content": answer}]}
