"""Whether an IVR's flow lets only a fresh, positive OK onto the new path. Pure: a document in, findings out."""
