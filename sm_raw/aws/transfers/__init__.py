"""Files to S3 and back: compared first, sent in parallel, taken up again where they were broken off.

- ``upload``, ``download``   the verbs; ``sending`` and ``fetching`` hold what happens to one file
- ``comparing``              whether file and object are the same, by ``checksums`` and by what is ``remembered``
- ``multipart``              large files in parts; what was left unfinished
- ``crew``                   the threads, and what they report
- ``packing``, ``repacking`` archives of code, and code into a model's archive
- ``folders``                what a folder holds, and its digest
- ``s3_calls``, ``object_listing``, ``s3_uris``   S3's calls, listings and addresses
"""
