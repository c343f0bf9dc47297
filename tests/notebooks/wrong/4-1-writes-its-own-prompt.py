# hint: should look the same
def record(system, message, answer, sources=()):
    asked = f"{message}\n\n{prompts.numbered(sources)}"
    return {
        "messages": [
            {"role": "system", "content": system},
            {"role": "user", "content": asked},
            {"role": "assistant", "content": answer},
        ]
    }
