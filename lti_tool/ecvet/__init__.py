"""Units of learning outcomes: programmes as data, and the judgement of what a learner has shown."""
