# Compiler flags of every target of ours, and nothing else.
# -O2: -O3 takes a quarter longer to compile and gains nothing on the conformance groups.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
add_library(isobar_options INTERFACE)
target_compile_options(isobar_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wno-missing-field-initializers -Werror
  # GCC 12 reports std::string members of temporaries that are never constructed, and copies in string concatenation
  # that cannot overlap (GCC bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>)
if(ISOBAR_SANITIZE)
  add_compile_options(-fsanitize=${ISOBAR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  # LLVM is built without the type information that the vptr check reads.
  add_compile_options(-fno-sanitize=vptr)
  add_link_options(-fsanitize=${ISOBAR_SANITIZE})
endif()
# For the command and the tests, whose time is in the libraries. A file that writes JSON takes g++ 9.7 s with -O2 and 7.5 s
# with -O1; clang with sanitizers 21 s with -O2 and 8 s with -O0. They run as fast.
function(isobar_compile_quickly target)
  if(ISOBAR_SANITIZE)
    target_compile_options(${target} PRIVATE -O0 -g1)
  else()
    target_compile_options(${target} PRIVATE $<$<CONFIG:Release>:-O1>)
  endif()
endfunction()
# The presets for whole builds compile several files at once: the command takes 62 s of CPU that way and 380 s file by
# file, because every file reads the same headers and makes the same templates. Without it a change costs one file.
option(ISOBAR_UNITY "Compile several files at once: for whole builds" OFF)
function(isobar_compile_together target files)
  if(ISOBAR_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${files})
  endif()
endfunction()
if(ISOBAR_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
find_program(ISOBAR_CCACHE ccache)
if(ISOBAR_CCACHE)
  # The sloppiness is what ccache asks for to cache users of precompiled headers.
  set(CMAKE_C_COMPILER_LAUNCHER ${ISOBAR_CCACHE})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${ISOBAR_CCACHE})
endif()
find_program(ISOBAR_MOLD mold)
if(ISOBAR_MOLD)
  add_link_options(-fuse-ld=mold)
endif()
