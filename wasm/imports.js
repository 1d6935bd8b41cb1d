// Tells the linker what the page provides (web/src/core.ts).
mergeInto(LibraryManager.library, { isobar_progress: function() {} });
