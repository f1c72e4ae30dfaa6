# Targets for those who change specs: `regenerate` writes generated/, `check-generated` compares it.
#
# Sets FLIGHTPLAN_PYTHON to an interpreter that has what codegen imports, or to nothing. The first python3
# on PATH may be one that a version manager put there, without the distribution's packages: so all are tried.

set(FLIGHTPLAN_PYTHON_NEEDS "yaml, jinja2, jsonschema")
if(NOT FLIGHTPLAN_PYTHON)
  find_program(first python3 NO_CACHE)
  foreach(candidate "${first}" /usr/bin/python3 /usr/local/bin/python3)
    if(candidate AND EXISTS "${candidate}")
      execute_process(COMMAND "${candidate}" -c "import ${FLIGHTPLAN_PYTHON_NEEDS}"
        RESULT_VARIABLE failed OUTPUT_QUIET ERROR_QUIET)
      if(NOT failed)
        set(FLIGHTPLAN_PYTHON "${candidate}" CACHE FILEPATH "A python3 that can import ${FLIGHTPLAN_PYTHON_NEEDS}")
        break()
      endif()
    endif()
  endforeach()
endif()

set(cure "apt-get install python3-yaml python3-jinja2 python3-jsonschema, or -DFLIGHTPLAN_PYTHON=<a python3 that has them>")
if(FLIGHTPLAN_PYTHON)
  foreach(pair regenerate:generate check-generated:check)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 target)
    list(GET pair 1 command)
    add_custom_target(${target} COMMAND "${CMAKE_COMMAND}" -E env PYTHONDONTWRITEBYTECODE=1
      "${FLIGHTPLAN_PYTHON}" -m codegen ${command} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}" USES_TERMINAL VERBATIM)
  endforeach()
else()
  foreach(target regenerate check-generated)
    add_custom_target(${target} COMMAND "${CMAKE_COMMAND}" -E echo
      "${target}: no python3 here can import ${FLIGHTPLAN_PYTHON_NEEDS}: ${cure}, and configure again"
      COMMAND "${CMAKE_COMMAND}" -E false VERBATIM)
  endforeach()
endif()
