# hint: Where are the numbered sources
def record(system, message, answer, sources=()):
    asked = prompts.messages(message, system=system)
    return {"messages": [*asked, {"role": "assistant", "content": answer}]}
