# cmake -DFILE=core.wasm.gz -DINPUTS=core.inputs -DOUTPUT=core.cpp -P wasm/embed.cmake
# Writes the source that puts the kept core into the command, if it was made from the sources that are there now. Otherwise
# exported pages show what was recorded: a core that behaves differently from the command would be worse than none.
include(${CMAKE_CURRENT_LIST_DIR}/sources.cmake)
set(core "")
if(EXISTS ${FILE} AND EXISTS ${INPUTS})
  core_inputs_hash(hash)
  file(STRINGS ${INPUTS} kept)
  if(kept STREQUAL hash)
    set(core ${FILE})
  endif()
endif()
if(core)
  set(body "
__asm__(\".section .rodata,\\\"a\\\"\\n\"
        \"isobar_core_begin: .incbin \\\"${core}\\\"\\n\"
        \"isobar_core_end: .byte 0\\n\"
        \".global isobar_core_begin, isobar_core_end\\n\"
        \".previous\\n\");
extern \"C\" const char isobar_core_begin[], isobar_core_end[];

namespace isobar::serve {
std::string_view core() {
  return {isobar_core_begin, static_cast<std::size_t>(isobar_core_end - isobar_core_begin)};
}
}  // namespace isobar::serve
")
else()
  message(STATUS "Exported pages will only show recordings: wasm/build makes the core that runs in them")
  set(body "
namespace isobar::serve {
std::string_view core() { return {}; }
}  // namespace isobar::serve
")
endif()
file(CONFIGURE OUTPUT ${OUTPUT} @ONLY CONTENT "// Made by wasm/embed.cmake.
#include \"serve/page.h\"
${body}")
file(TOUCH ${OUTPUT})
