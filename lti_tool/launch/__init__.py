"""Who is here, and from which course: LTI 1.3 login, launch, registration, keys of both sides, page sessions."""
