# Prints the hash of everything that the core is made from.
include(${CMAKE_CURRENT_LIST_DIR}/sources.cmake)
core_inputs_hash(hash)
execute_process(COMMAND ${CMAKE_COMMAND} -E echo ${hash})
