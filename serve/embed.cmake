# Puts web/dist/index.html, which is kept in the repository so that the build needs no Node.js, into the server.
set(page_file ${CMAKE_CURRENT_LIST_DIR}/../web/dist/index.html)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${page_file})
file(READ ${page_file} page_hex HEX)
string(REGEX REPLACE "(................................................................)" "\\1\n" page_hex "${page_hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," page_bytes "${page_hex}")
set(page_embedded ${PROJECT_BINARY_DIR}/serve/page.cpp)
file(CONFIGURE OUTPUT ${page_embedded} @ONLY CONTENT "// Made from web/dist/index.html by serve/embed.cmake.
#include \"serve/page.h\"

namespace isobar::serve {
std::string_view page() {
  static constexpr unsigned char bytes[] = {@page_bytes@};
  return {reinterpret_cast<const char*>(bytes), sizeof bytes};
}
}  // namespace isobar::serve
")
target_sources(isobar_serve PRIVATE ${page_embedded})

# The core that exported pages run, if the one that is kept was made from these sources.
include(${CMAKE_CURRENT_LIST_DIR}/../wasm/sources.cmake)
set(core_file ${core_root}/web/dist/core.wasm.gz)
set(core_hash ${core_root}/web/dist/core.inputs)
set(core_kept "")
if(EXISTS ${core_file} AND EXISTS ${core_hash})
  set(core_kept ${core_file} ${core_hash})
endif()
set(core_embedded ${PROJECT_BINARY_DIR}/serve/core.cpp)
add_custom_command(OUTPUT ${core_embedded}
  COMMAND ${CMAKE_COMMAND} -DFILE=${core_file} -DINPUTS=${core_hash} -DOUTPUT=${core_embedded} -P ${core_root}/wasm/embed.cmake
  DEPENDS ${core_inputs} ${core_kept} ${core_root}/wasm/embed.cmake VERBATIM)
set_property(SOURCE ${core_embedded} PROPERTY OBJECT_DEPENDS ${core_kept})
target_sources(isobar_serve PRIVATE ${core_embedded})
