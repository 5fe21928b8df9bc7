-- Sends each chest X-ray to LungSeg when its series is complete; the results come back by C-STORE.
local modalities = { CR = true, DX = true }

function OnStableSeries(seriesId, tags, metadata)
   -- What LungSeg made is not sent back to it.
   if modalities[tags['Modality']] and tags['Manufacturer'] ~= 'LungSeg' then
      -- As a job, which Orthanc's page shows and can repeat.
      RestApiPost('/modalities/lungseg/store', DumpJson({ Resources = { seriesId }, Synchronous = false }))
   end
end
